//! The capacity of a slice after `append` (Go's runtime): a template can see it by slicing beyond the length.

/// Sizes of memory blocks in Go's runtime, up to the largest that is looked at here.
const BLOCKS: [usize; 51] = [
    8, 16, 24, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240, 256, 288, 320, 352,
    384, 416, 448, 480, 512, 576, 640, 704, 768, 896, 1024, 1152, 1280, 1408, 1536, 1792, 2048,
    2304, 2688, 3072, 3200, 3456, 4096, 4864, 5120, 5376, 6144, 6528, 6784, 6912,
];

/// Returns the capacity of a full slice of `length` elements of `size` bytes after one more was appended.
pub(crate) fn after_one_more(length: usize, size: usize) -> usize {
    let doubled = if length == 0 { 1 } else { length * 2 };
    let wanted = doubled * size;
    // Large slices are left as they are: nobody can tell but by slicing far beyond the end.
    let block = BLOCKS.iter().find(|block| **block >= wanted);
    block.map_or(length + 1, |block| block / size)
}

/// Returns the capacity of a slice that grew to `length` elements of `size` bytes at once.
pub(crate) fn at_once(length: usize, size: usize) -> usize {
    let block = BLOCKS.iter().find(|block| **block >= length * size);
    block.map_or(length, |block| block / size)
}

/// Returns the capacity of an empty slice to which `length` elements of `size` bytes were appended one by one.
pub(crate) fn after_appends(length: usize, size: usize) -> usize {
    let mut capacity = 0;
    while capacity < length {
        let next = after_one_more(capacity, size);
        if next == capacity + 1 && capacity > 1 {
            return length;
        }
        capacity = next;
    }
    capacity
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_a_block() {
        assert_eq!(after_one_more(2, 16), 4);
        assert_eq!(after_one_more(0, 16), 1);
        assert_eq!(after_appends(5, 8), 8);
        assert_eq!(after_appends(0, 8), 0);
        assert_eq!(after_appends(1_000_000, 8), 1_000_000);
    }
}
