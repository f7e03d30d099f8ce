import os
import sysconfig

import pytest

from tests.hostile import battery as hostile


@pytest.fixture(scope="session")
def battery(tmp_path_factory):
    """Grade every attack beside the honest class, once."""
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])  # for alembic
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", path)
        return hostile.run(tmp_path_factory.mktemp("hostile"), hostile.ATTACKS)
