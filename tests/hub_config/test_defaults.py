import json
import os
import subprocess

from ipykernel.kernelspec import get_kernel_dict
from jupyter_client.kernelspec import KernelSpecManager
from traitlets.config import Config

from autograder import plugin
from autograder.execute import zygote
from hub_config import defaults


def configured() -> Config:
    c = Config()
    defaults.set_access(c, instructor="teacher", students=["ada", "ben"])
    defaults.set_servers(c)
    return c


def test_only_the_listed_users_may_log_in():
    c = configured()
    assert c.Authenticator.allowed_users == {"teacher", "ada", "ben"}
    assert c.Authenticator.allow_all is False
    assert c.Authenticator.allow_existing_users is False


def test_nobody_administers_the_hub():
    assert configured().Authenticator.admin_users == set()


def test_tensorflow_is_as_quiet_in_grading_as_in_a_server():
    name = "TF_CPP_MIN_LOG_LEVEL"
    assert zygote.ENVIRONMENT[name] == configured().Spawner.environment[name] == "3"


def test_servers_do_not_inherit_a_python_path():
    assert "PYTHONPATH" not in configured().Spawner.env_keep


def test_students_have_neither_formgrader_nor_the_list_of_courses():
    extensions = defaults.server_settings("student", private_sockets=True)["ServerApp"]
    assert extensions["jpserver_extensions"] == {
        "nbgrader.server_extensions.formgrader": False,
        "nbgrader.server_extensions.course_list": False,
        "autograder.warm_kernels.provisioner": True,
        "hub_config.activity": True,
        "hub_config.ports": True,
        "jupyter_server_proxy": True,
    }


def test_instructors_have_our_formgrader_and_not_nbgrader_s():
    extensions = defaults.server_settings("instructor", private_sockets=True)["ServerApp"]
    assert extensions["jpserver_extensions"]["hub_config.formgrader.extension"] is True
    assert extensions["jpserver_extensions"]["nbgrader.server_extensions.formgrader"] is False
    assert extensions["jpserver_extensions"]["nbgrader.server_extensions.course_list"] is True


def test_where_users_share_a_loopback_an_instructors_server_shows_no_ports():
    for role, shared in (("student", True), ("instructor", False), ("instructor", True)):
        made = defaults.server_settings(role, private_sockets=True, shared_loopback=shared)
        extensions = made["ServerApp"]["jpserver_extensions"]
        shows = role == "student" or not shared
        assert extensions["jupyter_server_proxy"] == extensions["hub_config.ports"] == shows


def test_what_students_wrote_is_cleaned_on_every_hub():
    c = Config()
    plugin.clean_pages(c)
    settings = defaults.instructor_settings(exchange="/x", boxes="/x")
    assert settings["HTMLExporter"] == c.HTMLExporter == plugin.PAGES


def test_imports_can_wait_for_the_first_kernel():
    settings = defaults.server_settings("student", private_sockets=True, warm_at_start=False)
    assert (
        settings["ServerApp"]["jpserver_extensions"]["autograder.warm_kernels.provisioner"] is False
    )


def test_notebooks_that_ask_for_python3_get_it_with_modules_imported():
    ordinary = get_kernel_dict()
    spec = defaults.kernel_settings(["numpy"])
    provisioner = spec["metadata"].pop("kernel_provisioner")
    assert spec == ordinary  # so that nothing in a saved notebook tells of it
    assert provisioner["config"] == {"preload": ["numpy"]}


def test_both_kernelspecs_import_the_same_and_share_a_process():
    shipped = KernelSpecManager().get_kernel_spec("python3-warm")
    ours = defaults.kernel_settings(defaults.PRELOAD)["metadata"]["kernel_provisioner"]
    assert shipped.metadata["kernel_provisioner"] == ours


def test_students_menus_hide_exactly_what_instructors_use():
    def hidden(role: defaults.Role) -> set[str]:
        entries = defaults.lab_settings(role)["disabledExtensions"].items()
        return {name.partition(":")[2] for name, off in entries if off}

    assert hidden("student") - hidden("instructor") == {
        "formgrader",
        "create-assignment",
        "course-list",
    }


def test_only_the_instructors_pages_may_stand_in_a_frame():
    instructor = defaults.server_settings("instructor", private_sockets=True)["ServerApp"]
    headers = instructor["tornado_settings"]["headers"]
    assert headers["Content-Security-Policy"] == "frame-ancestors 'self'"
    student = defaults.server_settings("student", private_sockets=True)["ServerApp"]
    assert "Content-Security-Policy" not in student["tornado_settings"]["headers"]


def test_every_page_says_the_same_to_a_browser():
    c = Config()
    c.JupyterHub.tornado_settings = {"slow_spawn_timeout": 3}
    defaults.set_headers(c)
    assert c.JupyterHub.tornado_settings == {"slow_spawn_timeout": 3, "headers": defaults.HEADERS}
    for role in ("instructor", "student"):
        server = defaults.server_settings(role, private_sockets=True)["ServerApp"]
        assert defaults.HEADERS.items() <= server["tornado_settings"]["headers"].items()


def test_a_busy_kernel_is_never_culled_and_an_open_page_keeps_no_idle_one():
    kernels = defaults.server_settings("student", private_sockets=True)["MappingKernelManager"]
    assert (kernels["cull_busy"], kernels["cull_connected"]) == (False, True)
    # A server must not go while a kernel of it would still be kept.
    assert kernels["cull_idle_timeout"] <= defaults.SERVER_IDLE_S


def test_the_culler_is_told_both_numbers():
    command = defaults.culler_command(idle_s=7, every_s=3)
    assert command[1:4] == ["-m", "jupyterhub_idle_culler", "--timeout=7"]
    assert "--cull-every=3" in command


def test_the_culler_gives_no_advice_in_the_terminal_of_the_hub():
    command = [*defaults.culler_command()]
    env = {**os.environ, "JUPYTERHUB_API_TOKEN": "x"}
    env["JUPYTERHUB_API_URL"] = "http://127.0.0.1:1/hub/api"
    said = subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True)
    lines = []
    try:
        # It would give its advice about pycurl first. Then it looks for a hub, which is not here.
        for line in said.stderr:
            lines.append(line)
            if "Connection refused" in line:
                break
    finally:
        said.kill()
        said.communicate()
    assert "Connection refused" in lines[-1], lines
    assert not any("pycurl" in line for line in lines)


def test_no_server_asks_the_network_for_news_or_updates():
    for role in ("instructor", "student"):
        lab = defaults.server_settings(role, private_sockets=False)["LabApp"]
        assert lab["news_url"] is None
        assert lab["check_for_updates_class"] == "jupyterlab.NeverCheckForUpdate"
        assert lab["extension_manager"] == "readonly"


def test_kernels_use_files_for_sockets_only_where_nobody_else_sees_them():
    private = defaults.server_settings("student", private_sockets=True)
    assert private["ServerKernelManager"] == {"transport": "ipc"}
    assert "ServerKernelManager" not in defaults.server_settings("student", private_sockets=False)


def test_submissions_carry_the_hubs_name_of_the_student():
    settings = defaults.student_settings("ada", course_id="dlef", exchange="/x")
    assert settings["CourseDirectory"] == {"course_id": "dlef", "student_id": "ada"}


def test_the_instructor_is_not_a_student():
    # A student_id would make every nbgrader command of the instructor see one student only.
    settings = defaults.instructor_settings(exchange="/x/teacher", boxes="/x")
    assert "CourseDirectory" not in settings


def test_settings_are_plain_data():
    for settings in (
        defaults.server_settings("instructor", private_sockets=True),
        defaults.lab_settings("student"),
        defaults.kernel_settings(defaults.PRELOAD),
        defaults.student_settings("ada", course_id="dlef", exchange="/x"),
        defaults.instructor_settings(exchange="/x", boxes="/x"),
    ):
        assert json.loads(json.dumps(settings)) == settings
