//! Content security policies: a page of ichflow runs its own scripts and fetches from nowhere else.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// The policy of a page that a server answers, for the header `Content-Security-Policy`: its own origin's styles,
/// scripts, pictures and answers, and nothing inside the page.
pub const SERVED: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; \
                          connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The policy of a page in one file: these scripts, and pictures inside it.
pub(super) fn inline(scripts: &[&str]) -> String {
    let mut policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'".to_owned();
    if !scripts.is_empty() {
        policy += "; script-src";
        for script in scripts {
            policy += &format!(" '{}'", hash(script));
        }
    }
    policy
}

/// The hash of a script inside a page, as a policy names it.
pub fn hash(script: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(script.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_the_standard() {
        // The example of CSP level 2, section 4.2.5.
        assert_eq!(
            hash("alert('Hello, world.');"),
            "sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng="
        );
    }
}
