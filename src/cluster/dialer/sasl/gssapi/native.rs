//! The system's Kerberos library, loaded when it is first needed: the few calls of GSSAPI (RFC 2744) that a login
//! takes. Every pointer of the library stays in here.

#![expect(
    unsafe_code,
    reason = "the library is not there on every system, so it is loaded at run time and called by its C interface"
)]

use std::ffi::{CString, c_char, c_int, c_void};
use std::path::Path;
use std::ptr;
use std::sync::OnceLock;

use libloading::Library;

use super::complaint::{Complaint, Refused};
use super::library;

/// `1.2.840.113554.1.2.2`, Kerberos 5.
const KERBEROS: &[u8] = b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02";
/// `1.2.840.113554.1.2.1.4`: names of the form service@host.
const SERVICE_NAME: &[u8] = b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x01\x04";
/// `1.2.840.113554.1.2.1.1`: names of users.
const USER_NAME: &[u8] = b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x01\x01";
/// Both sides prove themselves, in order, and messages can be signed.
const FLAGS: u32 = 2 | 4 | 8 | 32;
/// `GSS_C_INITIATE`.
const INITIATE: c_int = 1;
const CONTINUE_NEEDED: u32 = 1;
/// A status with any of these bits is an error.
const ERRORS: u32 = 0xFFFF_0000;
/// Kinds of status in words: of GSSAPI, of Kerberos.
const MAJOR: c_int = 1;
const MINOR: c_int = 2;
/// Where tickets got with a keytab are kept: never in the user's own cache.
const OWN_CACHE: &str = "MEMORY:lookout";

type Handle = *mut c_void;

#[repr(C)]
struct Oid {
    length: u32,
    elements: *const c_void,
}

#[repr(C)]
struct Buffer {
    length: usize,
    value: *mut c_void,
}

#[repr(C)]
struct Pair {
    key: *const c_char,
    value: *const c_char,
}

#[repr(C)]
struct Pairs {
    count: u32,
    elements: *const Pair,
}

type ImportName = unsafe extern "C" fn(*mut u32, *const Buffer, *const Oid, *mut Handle) -> u32;
type Release = unsafe extern "C" fn(*mut u32, *mut Handle) -> u32;
type ReleaseBuffer = unsafe extern "C" fn(*mut u32, *mut Buffer) -> u32;
type DeleteContext = unsafe extern "C" fn(*mut u32, *mut Handle, *mut Buffer) -> u32;
type AcquireFrom = unsafe extern "C" fn(
    *mut u32,
    Handle,
    u32,
    Handle,
    c_int,
    *const Pairs,
    *mut Handle,
    *mut Handle,
    *mut u32,
) -> u32;
type Initiate = unsafe extern "C" fn(
    *mut u32,
    Handle,
    *mut Handle,
    Handle,
    *const Oid,
    u32,
    u32,
    Handle,
    *const Buffer,
    *mut Handle,
    *mut Buffer,
    *mut u32,
    *mut u32,
) -> u32;
type Wrap = unsafe extern "C" fn(
    *mut u32,
    Handle,
    c_int,
    u32,
    *const Buffer,
    *mut c_int,
    *mut Buffer,
) -> u32;
type Unwrap =
    unsafe extern "C" fn(*mut u32, Handle, *const Buffer, *mut Buffer, *mut c_int, *mut u32) -> u32;
type DisplayStatus =
    unsafe extern "C" fn(*mut u32, u32, c_int, *const Oid, *mut u32, *mut Buffer) -> u32;

/// The library's functions, good as long as it is loaded, which is for ever.
struct Api {
    import_name: ImportName,
    release_name: Release,
    release_buffer: ReleaseBuffer,
    acquire_from: AcquireFrom,
    release_credential: Release,
    initiate: Initiate,
    delete_context: DeleteContext,
    wrap: Wrap,
    unwrap: Unwrap,
    display_status: DisplayStatus,
    _library: Library,
}

/// Why there is no context.
pub enum Error {
    /// The library is not installed.
    Absent(String),
    /// The library's own words.
    Refused(Refused),
}

/// Whether both sides know each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Established {
    Yes,
    NotYet,
}

impl Api {
    fn get() -> Result<&'static Self, Error> {
        static LOADED: OnceLock<Result<Api, String>> = OnceLock::new();
        let loaded = LOADED.get_or_init(Self::load);
        loaded.as_ref().map_err(|why| Error::Absent(why.clone()))
    }

    fn load() -> Result<Self, String> {
        let symbols = Self::symbols(library::load()?);
        symbols.map_err(|error| format!("the system's Kerberos library is not MIT's: {error}"))
    }

    fn symbols(library: Library) -> Result<Self, libloading::Error> {
        // SAFETY: the types are those of RFC 2744 and of MIT's header for the one extension; the library is kept
        // beside the functions and never unloaded.
        unsafe {
            Ok(Self {
                import_name: *library.get(b"gss_import_name\0")?,
                release_name: *library.get(b"gss_release_name\0")?,
                release_buffer: *library.get(b"gss_release_buffer\0")?,
                acquire_from: *library.get(b"gss_acquire_cred_from\0")?,
                release_credential: *library.get(b"gss_release_cred\0")?,
                initiate: *library.get(b"gss_init_sec_context\0")?,
                delete_context: *library.get(b"gss_delete_sec_context\0")?,
                wrap: *library.get(b"gss_wrap\0")?,
                unwrap: *library.get(b"gss_unwrap\0")?,
                display_status: *library.get(b"gss_display_status\0")?,
                _library: library,
            })
        }
    }

    /// What a failed call says of itself.
    fn say(&self, major: u32, minor: u32) -> Refused {
        let (general, special) = (self.status(major, MAJOR), self.status(minor, MINOR));
        Refused {
            words: match (minor, special.is_empty()) {
                (0, _) | (_, true) => general,
                // The first only says that the second follows.
                (_, false) => special,
            },
            complaint: Complaint::of(minor),
        }
    }

    fn status(&self, status: u32, kind: c_int) -> String {
        let (mut minor, mut more) = (0, 0);
        let mut text = Buffer::none();
        let mechanism = oid(KERBEROS);
        // SAFETY: all pointers are to values that live during the call; the text is taken over, and released once.
        unsafe {
            (self.display_status)(
                &raw mut minor,
                status,
                kind,
                &raw const mechanism,
                &raw mut more,
                &raw mut text,
            );
        }
        String::from_utf8_lossy(&self.take(text)).into_owned()
    }

    /// The bytes of a buffer that the library filled; the buffer goes back to it.
    fn take(&self, mut buffer: Buffer) -> Vec<u8> {
        if buffer.value.is_null() {
            return Vec::new();
        }
        // SAFETY: the library filled in value and length together; after the copy the buffer is released, once.
        unsafe {
            let bytes = std::slice::from_raw_parts(buffer.value.cast::<u8>(), buffer.length);
            let bytes = bytes.to_vec();
            let mut minor = 0;
            (self.release_buffer)(&raw mut minor, &raw mut buffer);
            bytes
        }
    }

    fn name(&'static self, text: &str, kind: &[u8]) -> Result<Name, Refused> {
        let (mut minor, mut handle) = (0, ptr::null_mut());
        let text = Buffer::of(text.as_bytes());
        let kind = oid(kind);
        // SAFETY: text and kind live during the call, which copies them; the name is released by `Name`.
        let major = unsafe {
            (self.import_name)(
                &raw mut minor,
                &raw const text,
                &raw const kind,
                &raw mut handle,
            )
        };
        if major & ERRORS != 0 {
            return Err(self.say(major, minor));
        }
        Ok(Name { api: self, handle })
    }

    /// Credentials of a principal: from its keytab, or from the user's own cache.
    fn credential(
        &'static self,
        principal: Option<&str>,
        keytab: Option<&Path>,
    ) -> Result<Credential, Refused> {
        let none = Credential {
            api: self,
            handle: ptr::null_mut(),
        };
        if principal.is_none() && keytab.is_none() {
            return Ok(none);
        }
        let name = principal
            .map(|principal| self.name(principal, USER_NAME))
            .transpose()?;
        let keytab = keytab.map(|path| CString::new(path.to_string_lossy().as_bytes()));
        let keytab = keytab.transpose().map_err(|_| Refused {
            words: "the keytab's path holds a zero byte".to_owned(),
            complaint: Complaint::Other,
        })?;
        let cache = CString::new(OWN_CACHE).unwrap_or_default();
        let pairs = keytab.as_ref().map(|keytab| {
            [
                Pair {
                    key: c"client_keytab".as_ptr(),
                    value: keytab.as_ptr(),
                },
                Pair {
                    key: c"ccache".as_ptr(),
                    value: cache.as_ptr(),
                },
            ]
        });
        let store = pairs.as_ref().map(|pairs| Pairs {
            count: 2,
            elements: pairs.as_ptr(),
        });
        let (mut minor, mut handle) = (0, ptr::null_mut());
        // SAFETY: name and store live during the call; null stands for "any name", "the default store" and for
        // answers that are not wanted. The credential is released by `Credential`.
        let major = unsafe {
            (self.acquire_from)(
                &raw mut minor,
                name.as_ref().map_or(ptr::null_mut(), |name| name.handle),
                0,
                ptr::null_mut(),
                INITIATE,
                store
                    .as_ref()
                    .map_or(ptr::null(), |store| &raw const *store),
                &raw mut handle,
                ptr::null_mut(),
                ptr::null_mut(),
            )
        };
        if major & ERRORS != 0 {
            return Err(self.say(major, minor));
        }
        Ok(Credential { handle, ..none })
    }
}

impl Buffer {
    fn none() -> Self {
        Self {
            length: 0,
            value: ptr::null_mut(),
        }
    }

    /// Over bytes that the library only reads.
    fn of(bytes: &[u8]) -> Self {
        Self {
            length: bytes.len(),
            value: bytes.as_ptr().cast_mut().cast(),
        }
    }
}

fn oid(bytes: &[u8]) -> Oid {
    Oid {
        length: u32::try_from(bytes.len()).unwrap_or(0),
        elements: bytes.as_ptr().cast(),
    }
}

struct Name {
    api: &'static Api,
    handle: Handle,
}

impl Drop for Name {
    fn drop(&mut self) {
        let mut minor = 0;
        // SAFETY: the handle came from `gss_import_name` and is released here alone.
        unsafe {
            (self.api.release_name)(&raw mut minor, &raw mut self.handle);
        }
    }
}

struct Credential {
    api: &'static Api,
    /// Null: the default credentials.
    handle: Handle,
}

impl Drop for Credential {
    fn drop(&mut self) {
        if self.handle.is_null() {
            return;
        }
        let mut minor = 0;
        // SAFETY: the handle came from `gss_acquire_cred_from` and is released here alone.
        unsafe {
            (self.api.release_credential)(&raw mut minor, &raw mut self.handle);
        }
    }
}

/// A login under way.
pub struct Context {
    api: &'static Api,
    service: Name,
    credential: Credential,
    /// Null until the first token is made.
    handle: Handle,
}

// SAFETY: the library keeps no state of a context, name or credential in the thread that made it; one thread uses them
// at a time, because every method that changes them takes `&mut self` and `Context` is not shared.
unsafe impl Send for Context {}

impl Drop for Context {
    fn drop(&mut self) {
        if self.handle.is_null() {
            return;
        }
        let mut minor = 0;
        // SAFETY: the handle came from `gss_init_sec_context` and is released here alone.
        unsafe {
            (self.api.delete_context)(&raw mut minor, &raw mut self.handle, ptr::null_mut());
        }
    }
}

impl Context {
    /// A login at `service@host`, as the principal where one is named.
    pub fn new(
        service: &str,
        principal: Option<&str>,
        keytab: Option<&Path>,
    ) -> Result<Self, Error> {
        let api = Api::get()?;
        let service = api.name(service, SERVICE_NAME).map_err(Error::Refused)?;
        let credential = api.credential(principal, keytab).map_err(Error::Refused)?;
        Ok(Self {
            api,
            service,
            credential,
            handle: ptr::null_mut(),
        })
    }

    /// Takes the broker's token, makes the next of ours. May ask the Kerberos servers, and wait for them.
    pub fn initiate(&mut self, token: Option<&[u8]>) -> Result<(Vec<u8>, Established), Refused> {
        let mut minor = 0;
        let input = token.map(Buffer::of);
        let mut output = Buffer::none();
        let mechanism = oid(KERBEROS);
        // SAFETY: all pointers are to values that live during the call; null stands for what is not given or wanted.
        // The context is released by `Drop`, the output by `take`.
        let major = unsafe {
            (self.api.initiate)(
                &raw mut minor,
                self.credential.handle,
                &raw mut self.handle,
                self.service.handle,
                &raw const mechanism,
                FLAGS,
                0,
                ptr::null_mut(),
                input
                    .as_ref()
                    .map_or(ptr::null(), |input| &raw const *input),
                ptr::null_mut(),
                &raw mut output,
                ptr::null_mut(),
                ptr::null_mut(),
            )
        };
        let answer = self.api.take(output);
        if major & ERRORS != 0 {
            return Err(self.api.say(major, minor));
        }
        let established = match major & CONTINUE_NEEDED {
            0 => Established::Yes,
            _ => Established::NotYet,
        };
        Ok((answer, established))
    }

    /// Signs a message.
    pub fn wrap(&self, message: &[u8]) -> Result<Vec<u8>, Refused> {
        let mut minor = 0;
        let input = Buffer::of(message);
        let mut output = Buffer::none();
        // SAFETY: as in `initiate`; the context is established.
        let major = unsafe {
            (self.api.wrap)(
                &raw mut minor,
                self.handle,
                0,
                0,
                &raw const input,
                ptr::null_mut(),
                &raw mut output,
            )
        };
        self.outcome(major, minor, output)
    }

    /// Checks a signed message and gives what is in it.
    pub fn unwrap(&self, message: &[u8]) -> Result<Vec<u8>, Refused> {
        let mut minor = 0;
        let input = Buffer::of(message);
        let mut output = Buffer::none();
        // SAFETY: as in `wrap`.
        let major = unsafe {
            (self.api.unwrap)(
                &raw mut minor,
                self.handle,
                &raw const input,
                &raw mut output,
                ptr::null_mut(),
                ptr::null_mut(),
            )
        };
        self.outcome(major, minor, output)
    }

    fn outcome(&self, major: u32, minor: u32, output: Buffer) -> Result<Vec<u8>, Refused> {
        let bytes = self.api.take(output);
        if major & ERRORS != 0 {
            return Err(self.api.say(major, minor));
        }
        Ok(bytes)
    }
}
