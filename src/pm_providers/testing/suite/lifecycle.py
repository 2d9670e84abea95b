"""Life cycle, configuration, health."""

from __future__ import annotations

import pytest

from pm_providers.contract import BasePMProvider, config_from_settings
from pm_providers.errors import AuthenticationError, ConfigurationError
from pm_providers.registry import provider_class, provider_names
from pm_providers.testing.checks import needs
from pm_providers.testing.harness import ProviderHarness
from pm_providers.testing.suite.base import SuiteBase

__all__ = ["LifecycleSuite"]


class LifecycleSuite(SuiteBase):
    """A provider opens, reports its health, and closes."""

    async def test_registered_under_its_name(self, provider: BasePMProvider) -> None:
        """The entry point of its name leads to this class."""
        assert provider.name in provider_names()
        assert provider_class(provider.name) is type(provider)
        assert provider.title.strip()

    async def test_required_settings_are_named(self, provider: BasePMProvider) -> None:
        """Without its settings, the error names the variable and an example; every setting is described."""
        settings = type(provider).SETTINGS
        complete = {setting.env: setting.example for setting in settings}
        for setting in settings:
            assert setting.help.strip()
            assert setting.example.strip()
            rest = {name: value for name, value in complete.items() if name != setting.env}
            if not setting.required:
                config_from_settings(provider.name, settings, rest)
                continue
            with pytest.raises(ConfigurationError, match=setting.env) as caught:
                config_from_settings(provider.name, settings, rest)
            assert caught.value.setting == setting.env
            assert setting.example in str(caught.value)

    @needs("get_current_user")
    async def test_health_is_good(self, provider: BasePMProvider) -> None:
        """The report says who we are and how long a call takes."""
        report = await provider.check_health()
        assert report.ok, report.error
        assert report.error is None
        assert report.provider == provider.name
        assert report.user is not None
        assert report.user.id
        assert report.latency_ms is not None
        assert report.latency_ms >= 0
        assert await provider.health_check() is True

    @needs("get_current_user")
    async def test_current_user(self, provider: BasePMProvider) -> None:
        """The current user has an id and a name, is always the same, and can be read by id."""
        user = await provider.get_current_user()
        assert user.id
        assert user.name.strip()
        assert (await provider.get_current_user()).id == user.id
        if provider.capabilities.supports("get_user"):
            found = await provider.get_user(user.id)
            assert found is not None
            assert found.id == user.id

    async def test_connecting_again_is_harmless(self, provider: BasePMProvider) -> None:
        """`connect()` may be called any number of times and returns the provider."""
        assert await provider.connect() is provider
        assert await provider.connect() is provider

    async def test_first_call_connects(self, harness: ProviderHarness) -> None:
        """Without `async with`, the first call works all the same."""
        client = await harness.open()
        try:
            assert isinstance(await client.list_projects(limit=1), list)
        finally:
            await client.aclose()

    async def test_closing_again_is_harmless(self, harness: ProviderHarness) -> None:
        """`aclose()` may be called before any use and any number of times."""
        client = await harness.open()
        await client.aclose()
        await client.aclose()

    async def test_wrong_credentials(self, harness: ProviderHarness, provider: BasePMProvider) -> None:
        """Wrong credentials are an `AuthenticationError`, and bad health rather than an exception."""
        client = await harness.open_unauthorised()
        if client is None:
            assert not any(setting.secret and setting.required for setting in type(provider).SETTINGS)
            pytest.skip("the system knows no credentials")
        try:
            report = await client.check_health()
            assert not report.ok
            assert isinstance(report.error, AuthenticationError)
            assert await client.health_check() is False
            with pytest.raises(AuthenticationError) as caught:
                await client.list_projects()
            assert (caught.value.provider, caught.value.operation) == (provider.name, "list_projects")
            assert not caught.value.retryable
        finally:
            await client.aclose()
