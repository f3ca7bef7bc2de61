//! Two engines must agree: polars reads the lake as anybody would and works rollups out on its own.

#[cfg(not(feature = "second-opinion"))]
#[test]
fn a_binary_without_the_engine_says_how_to_get_it() {
    let output = crate::site::Site::new().run(&["verify", "--second-opinion"]);
    let said = crate::desk::words(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("--features second-opinion"), "{said}");
}

#[cfg(feature = "second-opinion")]
mod with_engine;
