//! Fetching through the hub's client.

use std::path::Path;

use hf_hub::api::sync::{ApiBuilder, ApiError};
use hf_hub::{Cache, Repo, RepoType};

use crate::{Failure, Fetched, Hub, Repository};

/// How often a transfer that breaks off is taken up again.
const RETRIES: usize = 2;

/// Fetches a file into the cache.
pub(crate) fn fetch(
    hub: &Hub,
    cache: &Path,
    repository: &Repository,
    file: &str,
) -> Result<Fetched, Failure> {
    let failure = |error: ApiError| explain(repository, file, &error);
    let mut builder = ApiBuilder::from_cache(Cache::new(cache.to_owned())).with_retries(RETRIES);
    if let Some(endpoint) = &hub.endpoint {
        builder = builder.with_endpoint(endpoint.clone());
    }
    if let Some(token) = &hub.token {
        builder = builder.with_token(Some(token.clone()));
    }
    let api = builder.build().map_err(failure)?;
    let repo = Repo::with_revision(
        repository.name.clone(),
        RepoType::Model,
        repository.revision.clone(),
    );
    match api.repo(repo).download(file) {
        Ok(path) => Ok(Fetched::File(path)),
        Err(error) if status(&error) == Some(404) => Ok(Fetched::None),
        Err(error) => Err(failure(error)),
    }
}

/// The server's answer, if that is what went wrong.
fn status(error: &ApiError) -> Option<u16> {
    match error {
        ApiError::RequestError(error) => match **error {
            ureq::Error::StatusCode(status) => Some(status),
            _ => None,
        },
        ApiError::TooManyRetries(error) => status(error),
        _ => None,
    }
}

fn explain(repository: &Repository, file: &str, error: &ApiError) -> Failure {
    let help = match status(error) {
        Some(401 | 403) => {
            "the name may be wrong, or the model may want a token: set HF_TOKEN, or download the file and name it"
        }
        _ => {
            "check the connection (HF_ENDPOINT names another server); or download the file elsewhere and name it in \
             `weights`"
        }
    };
    Failure {
        message: format!("cannot fetch {file} of {repository}: {error}"),
        help: help.into(),
    }
}
