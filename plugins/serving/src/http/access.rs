//! Who may come in: which names a request may call the server by, from which pages, and with which token.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, Method, StatusCode, header};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use ichflow_api::digest::sha256;
use ichflow_api::prelude::*;

use super::problem::Problem;

/// Names of this machine to itself.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Checks of a request's headers.
pub(crate) struct Access {
    /// What `Host` may say, without the port, in lower case.
    hosts: Vec<String>,
    /// SHA-256 of the token: compared in place of it, so that the time a comparison takes tells nothing of it.
    token: Option<String>,
}

impl Access {
    /// For a server at `address` that is called by `names` beside the loopback ones.
    ///
    /// # Errors
    /// Where others than this machine could come in without a token.
    pub(crate) fn new(
        address: SocketAddr,
        names: impl Iterator<Item = String>,
        token: Option<String>,
    ) -> Result<Self> {
        if !address.ip().is_loopback() && token.is_none() {
            return Err(Error::new(format!(
                "{address} can be reached from other machines, and there is no token"
            ))
            .help(
                "make one with `openssl rand -hex 32 > token` and name it with --token-file, or listen on 127.0.0.1 and \
                 put a proxy before it",
            ));
        }
        let mut hosts: Vec<String> = LOOPBACK.map(str::to_owned).into();
        hosts.extend(names.map(|name| name.trim().to_lowercase()));
        if !address.ip().is_unspecified() {
            hosts.push(match address.ip() {
                IpAddr::V4(ip) => ip.to_string(),
                IpAddr::V6(ip) => format!("[{ip}]"),
            });
        }
        Ok(Self {
            hosts,
            token: token.map(|token| sha256(token.as_bytes())),
        })
    }

    /// Whether a request may go on. `open` requests need no token: they tell nothing but that the server lives.
    ///
    /// # Errors
    /// What is wrong with its headers.
    pub(crate) fn check(&self, method: &Method, headers: &HeaderMap, open: bool) -> Result<(), Problem> {
        let host = self.host(headers)?;
        let changes = !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
        if changes {
            check_origin(headers, host)?;
        }
        if !open && !self.has_token(headers) {
            return Err(Problem::unauthorized());
        }
        Ok(())
    }

    /// A page of another name that resolves to this machine must not read what is here.
    fn host<'a>(&self, headers: &'a HeaderMap) -> Result<&'a str, Problem> {
        let mut all = headers.get_all(header::HOST).iter();
        let host = all.next().and_then(|host| host.to_str().ok()).unwrap_or_default();
        let name = without_port(host).to_lowercase();
        if all.next().is_none() && self.hosts.contains(&name) {
            return Ok(host);
        }
        Err(Problem::new(
            StatusCode::MISDIRECTED_REQUEST,
            "this server is not called by that name: `ichflow serve --host NAME` lets it be",
        ))
    }

    fn has_token(&self, headers: &HeaderMap) -> bool {
        let Some(expected) = &self.token else { return true };
        let sent = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let Some((scheme, rest)) = sent.and_then(|sent| sent.split_once(' ')) else {
            return false;
        };
        let given = match scheme.to_ascii_lowercase().as_str() {
            "bearer" => Some(rest.trim().to_owned()),
            "basic" => password(rest.trim()),
            _ => None,
        };
        given.is_some_and(|given| sha256(given.as_bytes()) == *expected)
    }
}

/// What changes something comes from a page of this server, or from a program that is no browser and sends no origin.
fn check_origin(headers: &HeaderMap, host: &str) -> Result<(), Problem> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let is_own = |origin: &str| {
        let name = origin.strip_prefix("http://").or(origin.strip_prefix("https://"));
        name.is_some_and(|name| name.eq_ignore_ascii_case(host))
    };
    let origin = text(header::ORIGIN.as_str());
    let site = text("sec-fetch-site");
    if origin.is_none_or(is_own) && site.is_none_or(|site| matches!(site, "same-origin" | "none")) {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::FORBIDDEN,
        "the request comes from a page of another site",
    ))
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

/// The password of basic credentials.
fn password(credentials: &str) -> Option<String> {
    let bytes = BASE64_STANDARD.decode(credentials).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    text.split_once(':').map(|(_, password)| password.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(*name, value.parse().unwrap());
        }
        map
    }

    fn status(access: &Access, method: Method, pairs: &[(&'static str, &str)]) -> u16 {
        match access.check(&method, &headers(pairs), false) {
            Ok(()) => 200,
            Err(problem) => {
                use axum::response::IntoResponse;
                problem.into_response().status().as_u16()
            }
        }
    }

    #[test]
    fn names_origins_and_tokens_are_checked() {
        let local = "127.0.0.1:8080".parse().unwrap();
        let open = Access::new(local, ["CT.example".to_owned()].into_iter(), None).unwrap();
        let host = ("host", "127.0.0.1:8080");
        assert_eq!(status(&open, Method::GET, &[host]), 200);
        assert_eq!(status(&open, Method::GET, &[("host", "[::1]:1")]), 200);
        assert_eq!(status(&open, Method::GET, &[("host", "ct.EXAMPLE")]), 200);
        for wrong in ["evil.example", "", "localhost.evil.example", "127.0.0.1.evil"] {
            assert_eq!(status(&open, Method::GET, &[("host", wrong)]), 421, "{wrong}");
        }
        assert_eq!(status(&open, Method::GET, &[host, host]), 421);
        let origin = |value| [host, ("origin", value)];
        assert_eq!(status(&open, Method::POST, &origin("http://127.0.0.1:8080")), 200);
        for wrong in [
            "http://evil.example",
            "null",
            "http://127.0.0.1:9",
            "127.0.0.1:8080",
        ] {
            assert_eq!(status(&open, Method::POST, &origin(wrong)), 403, "{wrong}");
            assert_eq!(status(&open, Method::DELETE, &origin(wrong)), 403, "{wrong}");
        }
        assert_eq!(
            status(&open, Method::POST, &[host, ("sec-fetch-site", "cross-site")]),
            403
        );

        let all = "0.0.0.0:8080".parse().unwrap();
        assert!(Access::new(all, std::iter::empty(), None).is_err());
        let closed = Access::new(all, std::iter::empty(), Some("0123456789abcdef".into())).unwrap();
        let sent = |value| [host, ("authorization", value)];
        assert_eq!(status(&closed, Method::GET, &[host]), 401);
        assert_eq!(
            status(&closed, Method::GET, &sent("Bearer 0123456789abcdef")),
            200
        );
        assert_eq!(
            status(&closed, Method::GET, &sent("Bearer 0123456789abcdee")),
            401
        );
        // printf 'me:0123456789abcdef' | base64
        assert_eq!(
            status(&closed, Method::GET, &sent("Basic bWU6MDEyMzQ1Njc4OWFiY2RlZg==")),
            200
        );
        assert_eq!(status(&closed, Method::GET, &sent("Basic bWU6eA==")), 401);
    }
}
