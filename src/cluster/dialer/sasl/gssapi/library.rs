//! Finds the system's Kerberos library, or the sentence for where there is none. Calls nothing in it.

#![expect(
    unsafe_code,
    reason = "loading a library runs code of it before anything is called"
)]

use std::error::Error as _;

use libloading::Library;

/// Names of the library: Linux, macOS.
const LIBRARIES: [&str; 2] = ["libgssapi_krb5.so.2", "libgssapi_krb5.dylib"];

/// The library, loaded.
pub fn load() -> Result<Library, String> {
    open(&LIBRARIES)
}

/// The first of these libraries that there is.
fn open(names: &[&str]) -> Result<Library, String> {
    let mut broken = None;
    for name in names {
        // SAFETY: loading runs the initialisers of the system's own Kerberos library and of what it needs, which are
        // made to be loaded by any program at any time.
        match unsafe { Library::new(*name) } {
            Ok(library) => return Ok(library),
            Err(error) => {
                // What the loader says is the source of what the crate says.
                let said = error.source().unwrap_or(&error).to_string();
                broken = broken.or_else(|| broken_words(name, &said));
            }
        }
    }
    Err(broken.unwrap_or_else(|| {
        "the system's Kerberos library (libgssapi_krb5.so.2) is not installed; install the package libgssapi-krb5-2 or krb5-libs".to_owned()
    }))
}

/// The words for a library that is there and does not load; `None`: it is not there.
fn broken_words(name: &str, said: &str) -> Option<String> {
    // The loader speaks of the library itself, or of another one that it needs.
    let absent = said.contains(name) && said.contains("No such file");
    (!absent).then(|| {
        format!("the system's Kerberos library cannot be loaded ({said}); install it anew (libgssapi-krb5-2 or krb5-libs), or look at LD_LIBRARY_PATH")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_that_is_nowhere_is_to_be_installed_and_one_that_is_broken_is_named() {
        let nowhere = open(&["libnowhere_krb5.so.2", "libnowhere_krb5.dylib"]).unwrap_err();
        assert!(nowhere.contains("is not installed; install the package libgssapi-krb5-2"));
        let file = std::env::temp_dir().join(format!("lookout-broken-{}.so", std::process::id()));
        std::fs::write(&file, "no library").unwrap();
        let name = file.display().to_string();
        let broken = open(&["libnowhere_krb5.so.2", &name]).unwrap_err();
        std::fs::remove_file(&file).unwrap();
        assert!(
            broken.contains("cannot be loaded") && broken.contains(&name),
            "{broken}"
        );
    }
}
