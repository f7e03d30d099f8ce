import pytest
import yaml

from hub_config.kubernetes import helm_values, required, target
from hub_config.kubernetes.target import TargetError
from tests.hub_config.kubernetes.pod import filled, in_the_pod

EXAMPLES = ("oauth.example", "lti.example", "staging", "production")


def marked(name):
    """Return where a file of ours asks an operator for something, as dotted paths."""
    values = yaml.safe_load((target.FOLDER / f"{name}.yaml").read_text())
    return [where for where, _ in required.placeholders(values)]


def put(values, where, text):
    """Write a text at a dotted path of values."""
    *parents, last = where.replace("[0]", "").split(".")
    for key in parents:
        values = values[key]
    values[last] = [text] if isinstance(values[last], list) else text


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_mark_in_our_files_is_found(name):
    text = (target.FOLDER / f"{name}.yaml").read_text()
    settings = (line.partition("#")[0] for line in text.splitlines())
    assert len(marked(name)) == sum(line.count(required.MARK) for line in settings) > 0


@pytest.mark.parametrize("name", target.NAMES)
def test_a_target_as_it_is_shipped_is_refused_with_every_place(name):
    with pytest.raises(TargetError) as found:
        helm_values.values(target.load(name, secrets=False))
    for where in marked(name):
        assert f"{name}.yaml: {where} is still the placeholder" in str(found.value)
    with pytest.raises(TargetError):
        helm_values.manifests(target.load(name, secrets=False))


LEFT = [
    (login, where)
    for login, name in (("oauth", "oauth.example"), ("lti", "lti.example"))
    for where in marked(name)
]


@pytest.mark.parametrize(("login", "where"), LEFT)
@pytest.mark.parametrize("word", ["CHANGE_ME", "https://example.org/x", "<yours>"])
def test_what_is_still_a_placeholder_is_never_rendered(tmp_path, login, where, word):
    path = filled(tmp_path, login=login)
    secrets = path.with_name("production.secrets.yaml")
    values = yaml.safe_load(secrets.read_text())
    put(values, where, word)
    secrets.write_text(yaml.safe_dump(values))
    with pytest.raises(TargetError, match="is still the placeholder"):
        helm_values.values(target.load(str(path)))


@pytest.mark.slow
@pytest.mark.parametrize(("login", "where"), LEFT)
def test_the_hub_itself_refuses_it_too(tmp_path, login, where):
    values = helm_values.values(target.load(str(filled(tmp_path, login=login))))
    put(values, where, "CHANGE_ME")  # by `helm --set`, or a secret made by hand
    answer = in_the_pod(tmp_path, values, bare=True)
    assert "HubRefusesError: the hub does not start:" in answer["error"]
    assert f"{where} is still the placeholder 'CHANGE_ME'; write your own" in answer["error"]


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (
            {"hub": {"config": {"GitHubOAuthenticator": {"allow_all": True}}}},
            "hub.config.GitHubOAuthenticator.allow_all lets in everybody who has an account",
        ),
        (
            {"hub": {"config": {"GitHubOAuthenticator": {"client_secret": "secret"}}}},
            "hub.config.GitHubOAuthenticator.client_secret is still the placeholder 'secret'",
        ),
        (
            {"hub": {"config": {"GitHubOAuthenticator": {"client_secret": ""}}}},
            "hub.config.GitHubOAuthenticator.client_secret is still the placeholder ''",
        ),
        (
            {"hub": {"config": {"GitHubOAuthenticator": {"allowed_organizations": []}}}},
            "hub.config lets in nobody; name who may log in",
        ),
        (
            {"hub": {"config": {"GitHubOAuthenticator": None}}},  # all below it commented out
            "hub.config lets in nobody; name who may log in",
        ),
        (
            {"hub": {"config": {"JupyterHub": {"authenticator_class": "dummy"}}}},
            "authenticator_class is 'dummy', with which anybody or nobody logs in",
        ),
        ({"proxy": {"https": {"enabled": False}}}, "passwords would cross the internet"),
        ({"proxy": {"https": {"hosts": []}}}, "proxy.https.hosts is empty"),
        ({"proxy": {"https": {"letsencrypt": {"contactEmail": ""}}}}, "contactEmail is empty"),
        ({"custom": {"images": {"cpu": "dlef-cpu:latest"}}}, "'dlef-cpu:latest', which is not"),
        ({"custom": {"images": {"grader": "dlef-grader"}}}, "'dlef-grader', which is not pinned"),
        (
            {"hub": {"baseUrl": "/dlef/"}},
            "hub.baseUrl is '/dlef/', but formgrader looks for the hub",
        ),
        ({"nameOverride": "hub2"}, "nameOverride is 'hub2', but our own objects use"),
    ],
)
def test_a_hub_that_would_be_open_or_broken_is_refused(tmp_path, more, sentence):
    found = target.load(str(filled(tmp_path)))
    (said,) = required.problems(target.merge(found.values, more))
    assert sentence in said


def test_a_learning_platform_is_held_to_one_course(tmp_path):
    values = target.load(str(filled(tmp_path, login="lti"))).values
    assert required.problems(values) == []
    (said,) = required.problems(target.merge(values, {"custom": {"lti": {"context": ""}}}))
    assert "every course of the learning platform could enter" in said


@pytest.mark.parametrize(
    "more",
    [
        {"proxy": {"https": {"type": "secret", "secret": {"name": "tls"}}}},
        {"proxy": {"https": {"type": "offload"}}},
        {"proxy": {"https": {"enabled": False}}, "ingress": {"tls": [{"hosts": ["hub.econ.ch"]}]}},
        {"hub": {"config": {"GitHubOAuthenticator": {"username_claim": "id"}}}},
    ],
)
def test_other_ways_that_are_right_are_not_refused(tmp_path, more):
    values = target.load(str(filled(tmp_path))).values
    assert required.problems(target.merge(values, more)) == []
