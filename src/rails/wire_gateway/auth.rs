//! How a gateway knows us.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};

use crate::rails::RailError;

/// How a gateway knows us.
#[derive(Debug)]
pub enum GatewayAuth {
    /// It does not ask.
    None,
    /// By a name and a password.
    Basic {
        /// The name.
        username: String,
        /// The password.
        password: SecretString,
    },
    /// By a token.
    Bearer {
        /// The token.
        token: SecretString,
    },
}

impl GatewayAuth {
    /// The header `Authorization`, marked as sensitive.
    pub(super) fn header(&self) -> Result<Option<HeaderValue>, RailError> {
        let text = match self {
            Self::None => return Ok(None),
            Self::Basic { username, .. } if username.contains(':') => {
                return Err(RailError::Options("a username cannot hold a colon".to_owned()));
            }
            Self::Basic { username, password } => {
                let pair = format!("{username}:{}", password.expose_secret());
                format!("Basic {}", STANDARD.encode(pair))
            }
            Self::Bearer { token } => format!("Bearer {}", token.expose_secret()),
        };
        let mut header = HeaderValue::try_from(text).map_err(|_| {
            RailError::Options("the credentials cannot be sent in a header".to_owned())
        })?;
        header.set_sensitive(true);
        Ok(Some(header))
    }
}
