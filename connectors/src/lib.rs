//! Amazon to bytes: sign in, keep within quotas, retry, page; one delivery per answer.
