"""The harness itself, and that the whole answers at all."""

import pytest

import proxy as proxy_module
import wire

pytestmark = pytest.mark.quick


def test_answers(engine, client):
    messages = client.query("SELECT 1 AS one, 'two' AS two")
    assert wire.types(messages) == "TDCZ"
    assert wire.texts(messages) == [["1", "two"]]
    assert [column.name for column in wire.columns(messages)] == ["one", "two"]
    assert wire.status(messages) == "I"


def test_admin(engine):
    assert engine.proxy.admin("/healthz")[0] == 200
    assert engine.proxy.admin("/nothing")[0] == 404
    assert engine.proxy.running_queries() == []


def test_log_and_stop(proxies, make_engine):
    proxy = proxies(make_engine("sqlite").config())
    with wire.Wire(proxy.port, application_name="harness") as client:
        client.run("SELECT 1")
        assert proxy.log_contains(r"session start .*application=harness")
        assert not proxy.log_contains("no such line", seconds=0)
        client.finish()
    proxy.stop()
    assert proxy.log_contains(r"stopped exit=0")
    assert not proxy.running()


def test_reload(proxies, make_engine):
    made = make_engine("sqlite")
    proxy = proxies(made.config())
    config = made.config()
    config["clusters"]["second"] = make_engine("sqlite").cluster()
    proxy.reload(config)
    proxy.wait_for(lambda: "second" in str(proxy.admin("/admin/clusters")), what="the second cluster")
    config["routingFallback"] = "nowhere"
    proxy.reload(config)
    assert proxy.log_contains("nowhere")
    with wire.Wire(proxy.port) as client:
        assert client.value("SELECT 1") == "1"


def test_a_bad_configuration_does_not_start():
    with pytest.raises(proxy_module.Failed, match="nonsense"):
        with proxy_module.Proxy({"nonsense": 1}):
            pass
