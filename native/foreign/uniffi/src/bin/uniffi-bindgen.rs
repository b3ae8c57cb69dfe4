//! UniFFI's own generator, as its manual says to include it.

fn main() {
    uniffi::uniffi_bindgen_main();
}
