//! The way to the broker: TCP, or TLS over it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::{MqttConfig, TlsConfig};

/// The port of MQTT, and of MQTT over TLS (IANA).
const PORTS: (u16, u16) = (1_883, 8_883);
/// The largest credentials file that is read, in bytes.
const CREDENTIALS_BYTES_MAX: u64 = 4_096;

/// Why there is no way. The words are ours; what a file or the broker says is not repeated.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The network.
    #[error("it cannot be reached: {0}")]
    Unreachable(#[from] std::io::Error),
    /// A certificate or key of ours.
    #[error("the authority, certificate or key of [mqtt.tls] cannot be used: {0}")]
    Certificates(String),
    /// The file of user and password.
    #[error("credentials_file cannot be used: {0}")]
    Credentials(&'static str),
    /// `broker` is not an address.
    #[error("broker is no host and port")]
    Address,
}

/// A way to the broker.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Host and port of `host:port`, `[address]:port` or `host`.
pub(super) fn address(broker: &str, tls: bool) -> Option<(&str, u16)> {
    let usual = if tls { PORTS.1 } else { PORTS.0 };
    let (host, port) = match broker.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']')?;
            (host, port.strip_prefix(':'))
        }
        None => match broker.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (broker, None),
        },
    };
    let port = port.map_or(Some(usual), |port| port.parse().ok())?;
    (!host.is_empty() && host.len() <= 255 && !host.contains('/')).then_some((host, port))
}

/// Opens a way.
pub(super) async fn open(config: &MqttConfig) -> Result<Box<dyn Stream>, TransportError> {
    let (host, port) = address(&config.broker, config.tls.is_some()).ok_or(TransportError::Address)?;
    let stream = TcpStream::connect((host, port)).await?;
    // An acknowledgement is four bytes, and a device may be waiting for it.
    stream.set_nodelay(true)?;
    let Some(tls) = &config.tls else { return Ok(Box::new(stream)) };
    let name = ServerName::try_from(host.to_owned()).map_err(|_| TransportError::Address)?;
    let connector = TlsConnector::from(Arc::new(client(tls)?));
    Ok(Box::new(connector.connect(name, stream).await?))
}

fn client(tls: &TlsConfig) -> Result<ClientConfig, TransportError> {
    let mistaken = |error: &dyn std::fmt::Display| TransportError::Certificates(error.to_string());
    // A second call finds the provider installed already, which is as good.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let identity = match &tls.identity {
        Some(identity) => {
            let chain = certificates(&identity.certificate_file)?;
            let key = PrivateKeyDer::from_pem_file(&identity.key_file).map_err(|error| mistaken(&error))?;
            Some((chain, key))
        }
        None => None,
    };
    let builder = match &tls.authority_file {
        Some(file) => {
            let mut roots = RootCertStore::empty();
            for certificate in certificates(file)? {
                roots.add(certificate).map_err(|error| mistaken(&error))?;
            }
            ClientConfig::builder().with_root_certificates(roots)
        }
        None => ClientConfig::builder().with_platform_verifier().map_err(|error| mistaken(&error))?,
    };
    match identity {
        Some((chain, key)) => builder.with_client_auth_cert(chain, key).map_err(|error| mistaken(&error)),
        None => Ok(builder.with_no_client_auth()),
    }
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TransportError> {
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
    read.map_err(|error| TransportError::Certificates(error.to_string()))
}

/// User and password of a file of two lines that others on this machine cannot read.
pub(super) fn credentials(file: &Path) -> Result<(String, String), TransportError> {
    let of = TransportError::Credentials;
    let metadata = fs::metadata(file).map_err(|_| of("it is not there, or may not be read"))?;
    if metadata.permissions().mode() & 0o007 != 0 {
        return Err(of("everybody on this machine can read it; take that away with chmod 600"));
    }
    if metadata.len() > CREDENTIALS_BYTES_MAX {
        return Err(of("it is larger than 4096 bytes"));
    }
    let text = fs::read_to_string(file).map_err(|_| of("it may not be read, or is not UTF-8"))?;
    let mut lines = text.lines();
    match (lines.next(), lines.next()) {
        (Some(user), Some(password)) if !user.is_empty() => Ok((user.to_owned(), password.to_owned())),
        _ => Err(of("it must hold two lines: the user, and the password")),
    }
}
