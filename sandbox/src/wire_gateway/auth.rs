//! Whom the gateway lets in.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;

use super::options::GatewayAuth;
use super::problem::{Problem, UNAUTHORIZED};

/// Checks the header `Authorization`.
///
/// # Errors
///
/// When the gateway wants something else.
pub(super) fn check(auth: &GatewayAuth, header: Option<&str>) -> Result<(), Problem> {
    let refused = |why: &str| Err(UNAUTHORIZED.of(why));
    let (scheme, rest) = header.and_then(|header| header.split_once(' ')).unwrap_or_default();
    match auth {
        GatewayAuth::None => Ok(()),
        GatewayAuth::Basic { .. } | GatewayAuth::Bearer { .. } if header.is_none() => {
            refused("Authorization is missing")
        }
        GatewayAuth::Basic { username, password } => {
            if !scheme.eq_ignore_ascii_case("Basic") {
                return refused("Authorization is not Basic");
            }
            let told = BASE64.decode(rest).ok();
            if told.as_deref() == Some(format!("{username}:{password}").as_bytes()) {
                return Ok(());
            }
            refused("another name or password")
        }
        GatewayAuth::Bearer { token } => {
            if !scheme.eq_ignore_ascii_case("Bearer") {
                return refused("Authorization is not Bearer");
            }
            if rest == token { Ok(()) } else { refused("another token") }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_in_knows_its_own() {
        let basic = GatewayAuth::Basic { username: "kim".to_owned(), password: "a:b".to_owned() };
        let bearer = GatewayAuth::Bearer { token: "secret-token:x".to_owned() };
        let header = format!("Basic {}", BASE64.encode(b"kim:a:b"));
        for (auth, header, good) in [
            (&GatewayAuth::None, None, true),
            (&GatewayAuth::None, Some("Bearer x"), true),
            (&basic, Some(header.as_str()), true),
            (&basic, Some("Basic a2ltOg=="), false),
            (&basic, Some("Basic kim:a:b"), false),
            (&basic, Some("Bearer secret-token:x"), false),
            (&basic, None, false),
            (&bearer, Some("Bearer secret-token:x"), true),
            (&bearer, Some("bearer secret-token:x"), true),
            (&bearer, Some("Bearer secret-token:y"), false),
            (&bearer, Some("secret-token:x"), false),
            (&bearer, Some(header.as_str()), false),
        ] {
            assert_eq!(check(auth, header).is_ok(), good, "{auth:?} {header:?}");
        }
    }
}
