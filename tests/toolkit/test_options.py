"""Readers of settings: defaults, values, and errors that name what is wrong."""

from __future__ import annotations

import httpx2
import pytest

from pm_providers.contract import PMProviderConfig, Setting
from pm_providers.errors import ConfigurationError
from pm_providers.registry import provider_class
from pm_providers.toolkit.options import OptionReader
from pm_providers.transport import BearerAuth

SETTINGS = (
    Setting("ACME_URL", "base_url", "where it is", "https://acme.example", required=True),
    Setting("ACME_KEY", "api_key", "the key", "k-123", required=True, secret=True),
    Setting("ACME_MODE", "mode", "the mode", "fast"),
)
SECRET = "s3cret-value"


def reader(url="https://acme.test/x/", key=SECRET, timeout=30.0, wait=60.0, **options):
    config = PMProviderConfig("acme", url, key, timeout_s=timeout, max_wait_s=wait, additional_config=options)
    return OptionReader(config, SETTINGS, provider="acme")


def test_values_that_are_there():
    read = reader(mode="slow", loud=True, size=7.9, names={"a": "b"}, word=" x ")
    assert read.base_url() == "https://acme.test/x"
    assert reader("https://acme.test/api/").base_url(suffix="/api") == "https://acme.test"
    assert read.secret() == SECRET
    assert read.choice("mode", ("fast", "slow")) == "slow"
    assert read.flag("loud", default=False) is True
    assert read.number("size", 1, least=0, most=10) == 7.9
    assert read.whole("size", 1, least=0, most=10) == 7
    assert read.mapping("names") == {"a": "b"}
    assert read.text("word", "", example="w") == "x"
    policy = reader(timeout=4, wait=2).policy()
    assert (policy.connect_timeout_s, policy.attempt_timeout_s, policy.total_timeout_s) == (4, 4, 6)
    assert policy.max_wait_s == 2


def test_defaults():
    read = reader()
    assert read.choice("mode", ("fast", "slow")) == "fast"
    assert read.flag("loud", default=True) is True
    assert read.number("size", 2.5, least=0, most=10) == 2.5
    assert read.mapping("names") == {}
    assert read.text("word", "d", example="w") == "d"


@pytest.mark.parametrize(
    ("read", "call", "setting"),
    [
        (reader(url=None), lambda read: read.base_url(), "ACME_URL"),
        (reader(url="acme"), lambda read: read.base_url(), "ACME_URL"),
        (reader(url=f"https://u:{SECRET}@acme.test"), lambda read: read.base_url(), "ACME_URL"),
        (reader(key=" "), lambda read: read.secret(), "ACME_KEY"),
        (reader(key=None), lambda read: read.credential(BearerAuth), "ACME_KEY"),
        (reader(key=f"{SECRET}\nx"), lambda read: read.credential(BearerAuth), "ACME_KEY"),
        (reader(mode="x"), lambda read: read.choice("mode", ("fast",)), "ACME_MODE"),
        (reader(mode=["fast"]), lambda read: read.choice("mode", ("fast",)), "ACME_MODE"),
        (reader(word="a\nb"), lambda read: read.text("word", "", example="w"), "word"),
        (reader(word=3), lambda read: read.text("word", "", example="w"), "word"),
        (reader(loud="yes"), lambda read: read.flag("loud", default=True), "loud"),
        (reader(size=True), lambda read: read.number("size", 1, least=0, most=10), "size"),
        (reader(size="1"), lambda read: read.number("size", 1, least=0, most=10), "size"),
        (reader(size=float("nan")), lambda read: read.whole("size", 1, least=0, most=10), "size"),
        (reader(size=10.5), lambda read: read.whole("size", 1, least=0, most=10), "size"),
        (reader(names=["a"]), lambda read: read.mapping("names"), "names"),
        (reader(names={"a": 1}), lambda read: read.mapping("names"), "names"),
        (reader(timeout=0), lambda read: read.policy(), "timeout_s"),
        (reader(wait=-1), lambda read: read.policy(), "timeout_s"),
    ],
)
def test_what_cannot_be_is_named_with_an_example(read, call, setting):
    with pytest.raises(ConfigurationError) as caught:
        call(read)
    assert caught.value.setting == setting
    assert caught.value.example
    assert caught.value.provider in {"acme", None}
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("name", ["jira", "openproject", "redmine"])
async def test_an_address_without_the_api_is_a_configuration_error(name):
    """A wrong sub-path answers 404 to everything: that is no missing object."""
    network = httpx2.MockTransport(lambda request: httpx2.Response(404, request=request))
    config = PMProviderConfig(
        name, base_url="https://example.com/wrong", username="ada@example.com", api_key="k" * 40
    )
    provider = provider_class(name)(config, transport=network)
    with pytest.raises(ConfigurationError) as caught:
        await provider.connect()
    assert caught.value.setting == f"{name.upper()}_URL"
    await provider.aclose()
