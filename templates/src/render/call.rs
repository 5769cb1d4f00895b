//! Calls of functions and methods: arguments are evaluated for the types that are declared.

use super::{Evaluated, Failure, Run};
use crate::functions::{Arguments, Context, Function, FunctionError, builtin};
use crate::parse::Number;
use crate::tree::{Operand, Printed};
use crate::value::{Type, Value};

impl<'t> Run<'t> {
    /// Calls a function; `last` is its last argument, from the command before.
    pub(super) fn function(
        &mut self,
        function: &'static Function,
        at: Printed<'t>,
        arguments: &'t [Operand],
        last: Option<Value>,
    ) -> Result<Evaluated, Failure> {
        self.check_count(function, arguments.len(), last.is_some())?;
        match function.name {
            "and" => return self.logic(arguments, last, false),
            "or" => return self.logic(arguments, last, true),
            _ => {}
        }
        let start = self.arguments.len();
        self.push_arguments(function, arguments, last)?;
        if function.name == "call" {
            return Err(self.call_of_no_function(at, arguments, start));
        }
        self.run(function, &Value::Invalid, at, start)
    }

    /// Calls a method.
    pub(super) fn method(
        &mut self,
        receiver: &Value,
        method: &'static Function,
        at: Printed<'t>,
        arguments: &'t [Operand],
        last: Option<Value>,
    ) -> Result<Evaluated, Failure> {
        self.check_count(method, arguments.len(), last.is_some())?;
        let start = self.arguments.len();
        self.push_arguments(method, arguments, last)?;
        self.run(method, receiver, at, start)
    }

    fn check_count(
        &self,
        function: &Function,
        given: usize,
        has_last: bool,
    ) -> Result<(), Failure> {
        let declared = function.parameters.len();
        let count = given + usize::from(has_last);
        let name = function.name;
        if function.variadic {
            let fixed = declared.saturating_sub(1);
            if count < fixed {
                return Err(self.failure(&format!(
                    "wrong number of args for {name}: want at least {fixed} got {given}"
                )));
            }
        } else if count != declared {
            return Err(self.failure(&format!(
                "wrong number of args for {name}: want {declared} got {count}"
            )));
        }
        Ok(())
    }

    /// Runs `and` and `or`, which stop at the first argument that decides.
    fn logic(
        &mut self,
        arguments: &'t [Operand],
        last: Option<Value>,
        or: bool,
    ) -> Result<Evaluated, Failure> {
        let mut value = Value::Invalid;
        for argument in arguments {
            value = self.argument(Type::Reflect, argument)?;
            if value.is_true() == or {
                return Ok(Evaluated::plain(value));
            }
        }
        Ok(Evaluated::plain(last.unwrap_or(value)))
    }

    /// Evaluates the arguments onto the list of arguments.
    fn push_arguments(
        &mut self,
        function: &Function,
        arguments: &'t [Operand],
        last: Option<Value>,
    ) -> Result<(), Failure> {
        let parameters = function.parameters;
        let parameter = |at: usize| {
            parameters
                .get(at)
                .or(parameters.last())
                .copied()
                .unwrap_or(Type::Interface)
        };
        for (at, argument) in arguments.iter().enumerate() {
            let value = self.argument(parameter(at), argument)?;
            self.arguments.push(value);
        }
        if let Some(last) = last {
            let value = self.validated(last, parameter(arguments.len()))?;
            self.arguments.push(value);
        }
        Ok(())
    }

    /// Runs a function on the arguments from `start`, and takes them off.
    fn run(
        &mut self,
        function: &Function,
        receiver: &Value,
        at: Printed<'t>,
        start: usize,
    ) -> Result<Evaluated, Failure> {
        self.spend(cost(self.arguments.get(start..).unwrap_or_default()))?;
        let Self {
            environment,
            random,
            meter,
            arguments,
            ..
        } = self;
        let mut context = Context {
            seed: &environment.seed,
            random,
            clock: environment.clock,
            meter,
        };
        let values = arguments.get(start..).unwrap_or_default();
        let result = (function.run)(&mut context, Arguments::of_method(receiver, values));
        self.arguments.truncate(start);
        match result {
            Ok(value) => Ok(Evaluated {
                value,
                boxed: function.result == Type::Interface,
            }),
            Err(error) => {
                self.at = at;
                Err(match error {
                    FunctionError::Limit(limit) => self.exceeded(limit),
                    FunctionError::Failed(text) => {
                        self.failure(&format!("error calling {}: {text}", function.name))
                    }
                })
            }
        }
    }

    /// Returns the error of `call`: data has no functions.
    fn call_of_no_function(
        &mut self,
        at: Printed<'t>,
        arguments: &'t [Operand],
        start: usize,
    ) -> Failure {
        let value = self.arguments.get(start).cloned().unwrap_or_default();
        self.at = at;
        let Some(go_type) = value.go_type() else {
            return self.failure("error calling call: call of nil");
        };
        let name = match (arguments.first(), &value) {
            (Some(operand), _) => Printed::Operand(operand).text(self.tree),
            (None, Value::Str(text)) => text.to_string(),
            (None, _) => format!("<{go_type} Value>"),
        };
        self.failure(&format!(
            "error calling call: non-function {name} of type {go_type}"
        ))
    }

    /// Evaluates an argument for a parameter.
    fn argument(&mut self, parameter: Type, operand: &'t Operand) -> Result<Value, Failure> {
        self.at = Printed::Operand(operand);
        let value = match operand {
            Operand::Dot { .. } => self.dot.value.clone(),
            Operand::Nil { .. } if parameter.can_be_nil() => return Ok(builtin::zero(parameter)),
            Operand::Nil { .. } => {
                return Err(self.failure(&format!("cannot assign nil to {parameter}")));
            }
            Operand::Field { .. } | Operand::Variable { .. } | Operand::Chain { .. } => {
                self.fields(operand, &[], None)?.value
            }
            Operand::Pipe(pipe) => self.pipeline(pipe)?,
            Operand::Function { function, .. } => {
                self.function(function, Printed::Operand(operand), &[], None)?
                    .value
            }
            Operand::Bool { .. } | Operand::Number { .. } | Operand::String { .. } => {
                return self.literal_argument(parameter, operand);
            }
        };
        self.validated(value, parameter)
    }

    /// Returns a constant as a parameter's type.
    fn literal_argument(
        &mut self,
        parameter: Type,
        operand: &'t Operand,
    ) -> Result<Value, Failure> {
        let none = Number::default();
        let number = match operand {
            Operand::Number { number, .. } => number,
            _ => &none,
        };
        #[expect(clippy::cast_possible_truncation, reason = "Go's SetFloat rounds too")]
        let (value, expected) = match (parameter, operand) {
            (Type::Interface | Type::Reflect, _) => return self.literal(operand),
            (Type::String, Operand::String { value, .. }) => return Ok(Value::Str(value.clone())),
            (Type::Bool, Operand::Bool { value, .. }) => return Ok(Value::Bool(*value)),
            (Type::String, _) => (None, "string"),
            (Type::Bool, _) => (None, "bool"),
            (Type::Int(kind), _) => (number.int.map(|int| Value::Int(kind, int)), "integer"),
            (Type::Uint(kind), _) => (
                number.uint.map(|uint| Value::Uint(kind, uint)),
                "unsigned integer",
            ),
            (Type::Float64, _) => (number.float.map(Value::Float), "float"),
            (Type::Float32, _) => (
                number.float.map(|float| Value::Float32(float as f32)),
                "float",
            ),
            (Type::Complex128, _) => (
                number
                    .complex
                    .map(|(real, imaginary)| Value::Complex(real, imaginary)),
                "complex",
            ),
            _ => {
                let shown = Printed::Operand(operand).text(self.tree);
                return Err(
                    self.failure(&format!("can't handle {shown} for arg of type {parameter}"))
                );
            }
        };
        value.ok_or_else(|| {
            let shown = Printed::Operand(operand).text(self.tree);
            self.failure(&format!("expected {expected}; found {shown}"))
        })
    }

    /// Returns a value as a parameter takes it.
    fn validated(&self, value: Value, parameter: Type) -> Result<Value, Failure> {
        match (parameter, &value) {
            (Type::Interface, Value::Invalid) => return Ok(Value::Nil),
            (Type::Reflect | Type::Interface, _)
            | (Type::String, Value::Str(_))
            | (Type::Error, Value::Error(_)) => return Ok(value),
            (_, Value::Invalid) if parameter.can_be_nil() => return Ok(builtin::zero(parameter)),
            (_, Value::Invalid) => {
                return Err(self.failure(&format!("invalid value; expected {parameter}")));
            }
            _ => {}
        }
        let given = value.go_type().unwrap_or(Type::Interface);
        if given == parameter {
            return Ok(value);
        }
        Err(self.failure(&format!(
            "wrong type for value; expected {parameter}; got {given}"
        )))
    }
}

/// Bytes of text that a function may look at for one step.
const BYTES_PER_STEP: usize = 256;

/// Returns the steps that a call costs: functions look through their texts, even where they make nothing.
fn cost(arguments: &[Value]) -> u64 {
    let texts = arguments.iter().filter_map(Value::as_str);
    let bytes: usize = texts.map(|text| text.len()).sum();
    u64::try_from(1 + bytes / BYTES_PER_STEP).unwrap_or(u64::MAX)
}
