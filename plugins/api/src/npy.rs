//! NumPy's file format: a short header, then the values.

/// The header of an array in C order, format 1.0. `of` is NumPy's name of the type: `<f4`, `<f2`.
pub fn header(of: &str, shape: &[usize]) -> Vec<u8> {
    let sides: Vec<String> = shape.iter().map(usize::to_string).collect();
    // As Python writes a tuple: one of one side has a comma too.
    let sides = match sides.as_slice() {
        [one] => format!("{one},"),
        _ => sides.join(", "),
    };
    let mut header = format!("{{'descr': '{of}', 'fortran_order': False, 'shape': ({sides}), }}");
    // Magic, version and length take 10 bytes; values begin at a multiple of 64.
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_written_as_python_writes_them() {
        for (shape, written) in [
            (&[3][..], "'shape': (3,), }"),
            (&[2, 3], "'shape': (2, 3), }"),
            (&[0, 1280], "'shape': (0, 1280), }"),
        ] {
            let header = header("<f2", shape);
            assert_eq!(header.len() % 64, 0);
            assert!(String::from_utf8_lossy(&header[10..]).contains(written));
        }
    }
}
