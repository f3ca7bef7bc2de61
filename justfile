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

# The same with polars, which the second opinion is worked out by.
test-all:
    cargo test --workspace --features second-opinion

# Rewrites expected outputs of data-driven cases; review the diff.
update:
    UPDATE=1 cargo test --workspace

# Compares with DuckDB and polars; makes its own Python environment.
bench:
    cargo build --release
    python3 benches/run.py

# Ingest, queries and an hour with two builds in turns: is the newer one slower?
compare old new:
    python3 benches/before.py {{old}} {{new}}

# What a statement costs in a lake of one seller and in one of a thousand; of two builds the older one first.
asking +binaries:
    python3 benches/asking.py {{binaries}}

# Two hundred seeds of faults and deaths; `just chaos 17` sees one again.
chaos seeds="0..200":
    SELLERLAKE_CHAOS={{seeds}} cargo test --release --package sellerlake-cli --test end_to_end storms -- --nocapture

# One bit flipped in so many files of every kind: the same answers, or none.
flips count="400":
    SELLERLAKE_FLIPS={{count}} cargo test --release --package sellerlake-cli --test end_to_end flipped -- --nocapture

# As far back as each pipeline reaches, against a list of the calls it takes; `just backfill 200` goes so many days back.
backfill days="0":
    SELLERLAKE_BACKFILL={{days}} cargo test --release --package sellerlake-cli --test end_to_end a_backfill -- --nocapture

# CPU and memory of planning, scheduling and token buckets of ten thousand accounts.
fleet accounts="10000":
    SELLERLAKE_FLEET={{accounts}} cargo test --release --package sellerlake-cli --test end_to_end fleet -- --ignored --nocapture

# Flat files cut, broken, robbed of cells: so many mutations a source; `SELLERLAKE_SEED` chooses others.
mutations number="100000":
    SELLERLAKE_MUTATIONS={{number}} cargo test --release --package sellerlake-transforms --test main in_silence -- --nocapture

# Twenty thousand statements of analysts, answered here and by DuckDB; `just analysts 1 17` asks the seventeenth alone.
analysts statements="20000" seed="1":
    SELLERLAKE_STATEMENTS={{statements}} SELLERLAKE_SEED={{seed}} SELLERLAKE_INSIST=1 cargo test --package sellerlake-cli --test end_to_end analysts -- --nocapture

# Memory of four loads, a rebuild and eight heavy statements at once; `just memory 200000 256`: rows a report, and MiB.
memory rows="200000" mib="256":
    SELLERLAKE_MEMORY_ROWS={{rows}} SELLERLAKE_MEMORY_MIB={{mib}} cargo test --release --package sellerlake-cli --test end_to_end one_budget -- --nocapture

# Memory while reports of 500 MB and 5 GB stream through.
streaming:
    cargo build --release
    python3 benches/streaming.py
