//! librdkafka's C interface, as far as the safe wrapper does not reach: its sockets are made and connected by
//! [`Bridge`], its names resolve to nothing, its reports and log lines come to us. Never opens a connection.

#![expect(
    unsafe_code,
    reason = "the callbacks that lead librdkafka through the Dialer exist in its C interface only"
)]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::net::Ipv4Addr;
use std::os::fd::RawFd;
use std::ptr;
use std::time::Duration;

use libc::{addrinfo, sockaddr, sockaddr_in};
use log::Level;
use rdkafka::ClientConfig;
use rdkafka::bindings as sys;
use rdkafka::client::{Client, ClientContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::types::RDKafkaType;

use super::bridge::Bridge;
use super::{Delivery, OnDelivery, Outgoing};

/// Where every name resolves to: an address of the documentation range that nobody dials.
const NOWHERE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
/// `RD_KAFKA_PARTITION_UA`: librdkafka's partitioner chooses.
const ANY_PARTITION: i32 = -1;

unsafe extern "C" {
    // In librdkafka's header and library, but not in the crate's bindings.
    fn rd_kafka_conf_set_resolve_cb(conf: *mut sys::rd_kafka_conf_t, resolve: Option<Resolve>);
}

type Resolve = unsafe extern "C" fn(
    node: *const c_char,
    service: *const c_char,
    hints: *const addrinfo,
    found: *mut *mut addrinfo,
    opaque: *mut c_void,
) -> c_int;

/// What the callbacks reach through librdkafka's opaque pointer.
pub(super) struct Context {
    pub(super) bridge: Bridge,
    pub(super) on_delivery: OnDelivery,
}

impl ClientContext for Context {}

/// A librdkafka producer whose callbacks are set.
pub(super) struct Native {
    client: Client<Context>,
}

impl std::fmt::Debug for Native {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Native").finish_non_exhaustive()
    }
}

impl Native {
    /// Makes the producer; it dials when it has something to send.
    pub(super) fn open(config: &ClientConfig, context: Context) -> Result<Self, KafkaError> {
        let native = config.create_native_config()?;
        // SAFETY: the configuration is alive until `Client::new` takes it over, and the callbacks have the types that
        // librdkafka's header gives them. `Client::new` sets the opaque pointer to the context, which the client
        // owns until after librdkafka has ended.
        unsafe {
            sys::rd_kafka_conf_set_socket_cb(native.ptr(), Some(socket));
            sys::rd_kafka_conf_set_connect_cb(native.ptr(), Some(connect));
            rd_kafka_conf_set_resolve_cb(native.ptr(), Some(resolve));
            sys::rd_kafka_conf_set_dr_msg_cb(native.ptr(), Some(delivered));
            sys::rd_kafka_conf_set_log_cb(native.ptr(), Some(said));
        }
        let client = Client::new(config, native, RDKafkaType::RD_KAFKA_PRODUCER, context)?;
        Ok(Self { client })
    }

    /// Hands a record over; librdkafka copies it.
    pub(super) fn produce(&self, record: &Outgoing<'_>) -> Result<(), RDKafkaErrorCode> {
        use sys::rd_kafka_vtype_t as kind;
        let topic = CString::new(record.topic).map_err(|_| RDKafkaErrorCode::InvalidArgument)?;
        let memory = |bytes: Option<&[u8]>| sys::rd_kafka_vu_s__bindgen_ty_1__bindgen_ty_1 {
            ptr: bytes.map_or(ptr::null_mut(), |b| b.as_ptr().cast_mut().cast()),
            size: bytes.map_or(0, <[u8]>::len),
        };
        let part = |vtype, set: &dyn Fn(&mut sys::rd_kafka_vu_s__bindgen_ty_1)| {
            let mut u = sys::rd_kafka_vu_s__bindgen_ty_1 { _pad: [0; 64] };
            set(&mut u);
            sys::rd_kafka_vu_s { vtype, u }
        };
        let parts = [
            part(kind::RD_KAFKA_VTYPE_TOPIC, &|u| u.cstr = topic.as_ptr()),
            part(kind::RD_KAFKA_VTYPE_PARTITION, &|u| {
                u.i32_ = record.partition.unwrap_or(ANY_PARTITION);
            }),
            part(kind::RD_KAFKA_VTYPE_KEY, &|u| u.mem = memory(record.key)),
            part(kind::RD_KAFKA_VTYPE_VALUE, &|u| {
                u.mem = memory(record.value);
            }),
            part(kind::RD_KAFKA_VTYPE_MSGFLAGS, &|u| {
                u.i = sys::RD_KAFKA_MSG_F_COPY;
            }),
            part(kind::RD_KAFKA_VTYPE_OPAQUE, &|u| {
                u.ptr = ptr::without_provenance_mut(record.tag);
            }),
        ];
        // SAFETY: topic, key and value outlive the call, which copies them; the parts say which field each holds. A
        // returned error is ours to destroy, and is not used afterwards.
        unsafe {
            let error =
                sys::rd_kafka_produceva(self.client.native_ptr(), parts.as_ptr(), parts.len());
            if error.is_null() {
                return Ok(());
            }
            let code = sys::rd_kafka_error_code(error);
            sys::rd_kafka_error_destroy(error);
            Err(code.into())
        }
    }

    /// Serves reports and log lines, at most this long when there are none.
    pub(super) fn poll(&self, within: Duration) {
        // SAFETY: the client is alive as long as `self`.
        unsafe {
            sys::rd_kafka_poll(self.client.native_ptr(), milliseconds(within));
        }
    }

    /// Sends what waits; what is not reported in time is lost with the producer.
    pub(super) fn flush(&self, within: Duration) {
        // SAFETY: as in `poll`.
        let _late = unsafe { sys::rd_kafka_flush(self.client.native_ptr(), milliseconds(within)) };
    }

    /// Records and requests without a report yet.
    pub(super) fn waiting(&self) -> usize {
        // SAFETY: as in `poll`.
        let count = unsafe { sys::rd_kafka_outq_len(self.client.native_ptr()) };
        usize::try_from(count).unwrap_or(0)
    }
}

fn milliseconds(duration: Duration) -> c_int {
    c_int::try_from(duration.as_millis()).unwrap_or(c_int::MAX)
}

/// The context behind librdkafka's opaque pointer.
///
/// # Safety
/// `opaque` is the pointer that `Client::new` set, and its client is alive.
unsafe fn context<'a>(opaque: *mut c_void) -> Option<&'a Context> {
    // SAFETY: by this function's own condition.
    unsafe { opaque.cast::<Context>().as_ref() }
}

fn errno(error: &std::io::Error) -> c_int {
    error.raw_os_error().unwrap_or(libc::ECONNREFUSED)
}

/// Makes a socket: one end of a pair. −1 as `socket(2)` does when it cannot.
unsafe extern "C" fn socket(_: c_int, _: c_int, _: c_int, opaque: *mut c_void) -> c_int {
    // SAFETY: librdkafka hands back the opaque pointer of a client that is alive.
    let context = unsafe { context(opaque) };
    context.map_or(-1, |context| context.bridge.socket().unwrap_or(-1))
}

/// Connects such a socket to the broker that `id` names; the stream is opened elsewhere. 0, or an errno.
unsafe extern "C" fn connect(
    socket: c_int,
    _: *const sockaddr,
    _: c_int,
    id: *const c_char,
    opaque: *mut c_void,
) -> c_int {
    let socket: RawFd = socket;
    // SAFETY: as in `socket`; the name is a string that librdkafka keeps during the call.
    let (context, name) = unsafe { (context(opaque), CStr::from_ptr(id)) };
    let name = name.to_string_lossy().into_owned();
    let Some(context) = context else {
        return libc::ECONNREFUSED;
    };
    match context.bridge.connect(socket, name) {
        Ok(()) => 0,
        Err(error) => errno(&error),
    }
}

/// Answers every name with [`NOWHERE`]; called without name and service to free the answer.
unsafe extern "C" fn resolve(
    node: *const c_char,
    service: *const c_char,
    _: *const addrinfo,
    found: *mut *mut addrinfo,
    _: *mut c_void,
) -> c_int {
    if found.is_null() {
        return libc::EAI_FAIL;
    }
    // SAFETY: librdkafka gives a place for the answer, and hands back there what this function put in, once.
    unsafe {
        if node.is_null() && service.is_null() {
            if !(*found).is_null() {
                drop(Box::from_raw((*found).cast::<Answer>()));
                *found = ptr::null_mut();
            }
        } else {
            *found = Answer::nowhere();
        }
    }
    0
}

/// An address list of one. The list node stands first, so that a pointer to it is a pointer to the whole.
#[repr(C)]
struct Answer {
    node: addrinfo,
    address: sockaddr_in,
}

impl Answer {
    fn nowhere() -> *mut addrinfo {
        // SAFETY: all fields of both are numbers or pointers, for which zero is a value.
        let mut answer: Box<Self> = Box::new(unsafe { std::mem::zeroed() });
        answer.address.sin_family = libc::sa_family_t::try_from(libc::AF_INET).unwrap_or_default();
        answer.address.sin_addr.s_addr = u32::from(NOWHERE).to_be();
        answer.address.sin_port = 1_u16.to_be();
        answer.node.ai_family = libc::AF_INET;
        answer.node.ai_socktype = libc::SOCK_STREAM;
        let length = libc::socklen_t::try_from(size_of::<sockaddr_in>());
        answer.node.ai_addrlen = length.unwrap_or_default();
        let whole = Box::into_raw(answer);
        // SAFETY: `whole` is alive until `resolve` frees it; the list node stands at its beginning.
        unsafe {
            (*whole).node.ai_addr = (&raw mut (*whole).address).cast();
        }
        whole.cast()
    }
}

/// Reports what became of a record.
unsafe extern "C" fn delivered(
    _: *mut sys::rd_kafka_t,
    message: *const sys::rd_kafka_message_t,
    opaque: *mut c_void,
) {
    // SAFETY: as in `socket`; the message is librdkafka's for the time of the call.
    let (context, message) = unsafe { (context(opaque), message.as_ref()) };
    let (Some(context), Some(message)) = (context, message) else {
        return;
    };
    let code = RDKafkaErrorCode::from(message.err);
    (context.on_delivery)(Delivery {
        tag: message._private.addr(),
        partition: message.partition,
        result: match code {
            RDKafkaErrorCode::NoError => Ok(message.offset),
            code => Err(code),
        },
    });
}

/// Takes a log line, which would go to standard error otherwise.
unsafe extern "C" fn said(
    _: *const sys::rd_kafka_t,
    level: c_int,
    about: *const c_char,
    text: *const c_char,
) {
    // SAFETY: both are strings that librdkafka keeps during the call.
    let (about, text) = unsafe { (CStr::from_ptr(about), CStr::from_ptr(text)) };
    // syslog's levels; connections that break are everyday news here.
    let level = if level <= 2 { Level::Warn } else { Level::Info };
    log::log!(
        level,
        "librdkafka {}: {}",
        about.to_string_lossy(),
        text.to_string_lossy()
    );
}
