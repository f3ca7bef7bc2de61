# Everything a developer runs; `just` alone lists it.

default:
    @just --list

# All that CI runs besides the tests.
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps
    cargo deny --log-level error check bans licenses sources
    cargo run --quiet -- check

test:
    cargo test --workspace

# Rewrites expected outputs of data-driven cases; review the diff.
update:
    UPDATE=1 cargo test --workspace

# Compares with DuckDB and polars; makes its own Python environment.
bench:
    cargo build --release
    python3 benches/run.py

# Two hundred seeds of faults and deaths; `just chaos 17` sees one again.
chaos seeds="0..200":
    SELLERLAKE_CHAOS={{seeds}} cargo test --release --package sellerlake-cli --test end_to_end storms -- --nocapture
