import pytest
import yaml

from hub_config.check import traits
from hub_config.kubernetes import target


@pytest.mark.parametrize(
    "name", ["common", "staging", "production", "oauth.example", "lti.example"]
)
def test_our_own_files_name_what_there_is(name):
    values = yaml.safe_load((target.FOLDER / f"{name}.yaml").read_text())
    assert traits.problems(values.get("hub", {}).get("config", {})) == []


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"Jupyterhub": {}}, "the unknown class 'Jupyterhub'; did you mean 'JupyterHub'?"),
        ({"loadRoles": {}}, "hub.config has the unknown class 'loadRoles'"),
        ({"JupyterHub": {"admin_acess": True}}, "did you mean 'admin_access'?"),
        ({"JupyterHub": {"authenticator_class": "githb"}}, "authenticator_class is 'githb'; write"),
        ({"KubeSpawner": {"start_timout": 3}}, "did you mean 'start_timeout'?"),
        ({"KubeSpawner": {"start_timeout": "3"}}, "KubeSpawner.start_timeout is '3'; write an int"),
        ({"GitHubOAuthenticator": {"allowed_organisations": []}}, "'allowed_organizations'?"),
        ({"GitHubOAuthenticator": {"scope": "read:org"}}, "scope is 'read:org'; write a list"),
        ({"LTI13Authenticator": {"client_id": "a"}}, "client_id is 'a'; write a set"),
        ({"LTI13Authenticator": 3}, "hub.config.LTI13Authenticator is 3; write a mapping"),
    ],
)
def test_what_jupyterhub_would_silently_ignore_is_said(config, sentence):
    (found,) = traits.problems(config)
    assert sentence in found
