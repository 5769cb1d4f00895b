//! Go's text/template with the functions that KUDO gives to packages: pure and synchronous.
