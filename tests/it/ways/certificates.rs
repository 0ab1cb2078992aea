//! Certificates good and bad, made when they are needed.

use lookout::config::secret::Secret;
use lookout::config::security::{Identity, Material};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, date_time_ymd,
};
use rustls::RootCertStore;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use std::sync::Arc;

/// An authority.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub pem: String,
    pub der: CertificateDer<'static>,
}

/// A certificate with its key.
pub struct Pair {
    pub chain: Vec<CertificateDer<'static>>,
    pub pem: String,
    pub key: KeyPair,
}

fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2095, 1, 1);
    params
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let mut params = named(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let own = params.self_signed(&key).unwrap();
        Self {
            pem: own.pem(),
            der: own.der().clone(),
            issuer: Issuer::new(params, key),
        }
    }

    /// A certificate for these names, changed by `adjust` before it is signed.
    pub fn issue(&self, names: &[&str], adjust: impl FnOnce(&mut CertificateParams)) -> Pair {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let first = names.first().cloned().unwrap_or_default();
        let mut params = CertificateParams::new(names).unwrap();
        let dates = named(&first);
        params.distinguished_name = dates.distinguished_name;
        (params.not_before, params.not_after) = (dates.not_before, dates.not_after);
        adjust(&mut params);
        let key = KeyPair::generate().unwrap();
        let own = params.signed_by(&key, &self.issuer).unwrap();
        Pair {
            chain: vec![own.der().clone()],
            pem: own.pem(),
            key,
        }
    }

    pub fn trusted(&self) -> Vec<Material> {
        vec![Material::Pem(Secret::new(&self.pem))]
    }
}

impl Pair {
    pub fn self_signed(names: &[&str], ca: IsCa) -> Self {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name = named("self-made").distinguished_name;
        params.is_ca = ca;
        let key = KeyPair::generate().unwrap();
        let own = params.self_signed(&key).unwrap();
        Self {
            chain: vec![own.der().clone()],
            pem: own.pem(),
            key,
        }
    }

    fn key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::try_from(self.key.serialize_der()).unwrap()
    }

    /// A server that shows this certificate.
    pub fn server(&self) -> ServerConfig {
        builder()
            .with_no_client_auth()
            .with_single_cert(self.chain.clone(), self.key())
            .unwrap()
    }

    /// A server that shows this certificate and asks for one of an authority's.
    pub fn asking_server(&self, authority: &Authority, version: Version) -> ServerConfig {
        let mut roots = RootCertStore::empty();
        roots.add(authority.der.clone()).unwrap();
        let provider = Arc::new(ring::default_provider());
        let asking = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
        let versions = match version {
            Version::Tls12 => &[&rustls::version::TLS12][..],
            Version::Tls13 => &[&rustls::version::TLS13][..],
        };
        ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_client_cert_verifier(asking.build().unwrap())
            .with_single_cert(self.chain.clone(), self.key())
            .unwrap()
    }

    /// As a client's identity.
    pub fn identity(&self) -> Identity {
        Identity::Pair {
            certificate: Material::Pem(Secret::new(&self.pem)),
            key: Material::Pem(Secret::new(&self.key.serialize_pem())),
        }
    }
}

/// Which TLS a server speaks.
#[derive(Debug, Clone, Copy)]
pub enum Version {
    Tls12,
    Tls13,
}

pub fn expired(params: &mut CertificateParams) {
    params.not_after = date_time_ymd(2024, 2, 29);
}

pub fn not_yet_valid(params: &mut CertificateParams) {
    params.not_before = date_time_ymd(2090, 1, 1);
}

pub fn for_clients(params: &mut CertificateParams) {
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
}

pub fn common_name(name: &str) -> impl FnOnce(&mut CertificateParams) {
    move |params| {
        params.subject_alt_names.clear();
        params.distinguished_name = named(name).distinguished_name;
    }
}

/// A server's configuration that any certificate can be put into.
pub fn builder() -> rustls::ConfigBuilder<ServerConfig, rustls::WantsVerifier> {
    ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
}
