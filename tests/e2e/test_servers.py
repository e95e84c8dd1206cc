"""The private servers themselves: what other tests rely on."""

import signal
import subprocess

import pytest

import servers


@pytest.fixture(scope="module")
def postgres():
    try:
        with servers.PostgresServer(settings={"work_mem": "5MB"}) as server:
            yield server
    except servers.Unavailable as reason:
        pytest.skip(str(reason))


def test_answers(postgres):
    assert postgres.sql("SELECT 1, 'two'; SELECT current_setting('work_mem')") == [["1", "two"], ["5MB"]]
    with pytest.raises(RuntimeError, match="nonsense"):
        postgres.sql("SELECT nonsense")


def test_needs_the_password_and_has_tls(postgres):
    wrong = postgres.dsn().replace(postgres.password, "wrong")
    done = subprocess.run([f"{servers.POSTGRES_BIN}/psql", "-X", "-c", "SELECT 1", wrong], capture_output=True, text=True,
                          check=False)
    assert "password authentication failed" in done.stderr
    assert postgres.sql("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") == [["t"]]


def test_down_and_up(postgres):
    pid = postgres.pid()
    database = postgres.create_database("kept")
    postgres.down(signal.SIGQUIT)
    assert not postgres.answers()
    postgres.up()
    assert postgres.pid() != pid
    assert postgres.sql("SELECT current_database()", database=database) == [["kept"]]


def test_pgbouncer(postgres):
    try:
        with servers.PgBouncer(postgres) as bouncer:
            done = subprocess.run([f"{servers.POSTGRES_BIN}/psql", "-X", "-A", "-t", "-c", "SELECT 3", bouncer.dsn()],
                                  capture_output=True, text=True, check=False)
            assert done.stdout == "3\n", done.stderr
            port = bouncer.port
            assert bouncer.listens()
    except servers.Unavailable as reason:
        pytest.skip(str(reason))
    assert servers.Server.listens(type("Gone", (), {"port": port})) is False
