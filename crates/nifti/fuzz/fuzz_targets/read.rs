//! Any bytes: a volume or an error, never a panic.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = ichflow_nifti::Volume::read_bytes(bytes.to_vec());
});
