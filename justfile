# What CI runs and what a person runs. Each recipe is one command that also works without `just`.

_default:
    @just --list

# Formatting, lints and documentation, without warnings.
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --all-features -- -D warnings
    RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --all-features

# All tests, or those that the arguments of `cargo test` name, with a throwaway Postgres.
test *ARGS:
    scripts/test {{ARGS}}

# Writes the expected compiler messages and snapshots anew; read the diff before committing it.
bless *ARGS:
    TRYBUILD=overwrite INSTA_UPDATE=always scripts/test {{ARGS}}

# The documentation of this workspace's crates, opened in a browser.
doc:
    cargo doc --workspace --no-deps --all-features --open

# The benchmarks, against hand-written sqlx and rusqlite, with a throwaway Postgres.
bench *ARGS:
    scripts/with-postgres cargo bench -p benches {{ARGS}}

# The repositories beside the limits and the peers; a package of its own, with dependencies of its own.
peers *ARGS:
    scripts/with-postgres cargo bench --manifest-path benches/peers/Cargo.toml -- {{ARGS}}

# Whether all contenders of `peers` give the same answers.
peers-agree:
    scripts/with-postgres cargo test --release --manifest-path benches/peers/Cargo.toml

# Any command, with a throwaway Postgres in REPO_TEST_POSTGRES_URL.
with-postgres *CMD:
    scripts/with-postgres {{CMD}}

# Formats all code.
fmt:
    cargo fmt --all

# Licences, duplicate versions, advisories and sources of the dependencies; needs cargo-deny.
deny:
    cargo deny --all-features check
