"""The judge runs no file of the student's, by whatever route a test takes, and reads them all."""

import asyncio

import pytest

from autograder.execute.notebook_run import execute
from autograder.model import Verdict
from autograder.sandbox.paths import SCRATCH, VIEW
from tests.autograder.building import asserts, job, solution

pytestmark = pytest.mark.sandbox

#: What a student hands in: it leaves its mark wherever it runs but in the student's own process.
FILE = "__import__('sys').argv == ['kernel'] or open('/tmp/ran', 'a').write('ran ')\nvalue = 42\n"
HAND_IN = f"""
import marshal, os, pickle, pathlib, py_compile, zipfile
import numpy as np
FILE = {FILE!r}
for name in ("late.py", "late.ipy", "late2.py"):
    pathlib.Path(name).write_text(FILE)
pathlib.Path("late.pth").write_text("import sys; " + FILE.splitlines()[0] + "\\n")
pathlib.Path("late.txt").write_text("\\n".join(">>> " + line for line in FILE.splitlines()))
pathlib.Path("late.sh").write_text("echo ran >> /tmp/ran")
pathlib.Path("test_late.py").write_text(FILE + "def test(): pass\\n")
py_compile.compile("late.py", "late.pyc")
pathlib.Path("late.code").write_bytes(marshal.dumps(compile(FILE, "late", "exec")))
pathlib.Path("package").mkdir()
pathlib.Path("package/__init__.py").write_text(FILE)
with zipfile.ZipFile("late.zip", "w") as file:
    file.writestr("zipped.py", FILE)


class Evil:
    def __reduce__(self):
        return exec, (FILE,)


pathlib.Path("late.pickle").write_bytes(pickle.dumps(Evil()))
np.save("objects.npy", np.array([Evil()], dtype=object), allow_pickle=True)
np.save("numbers.npy", np.arange(3.0))
pathlib.Path("answer.json").write_text('{{"value": 42}}')
pathlib.Path("literal.txt").write_text("[1, 2]")
pathlib.Path("table.csv").write_text("x,y\\n1,2\\n")
"""
#: Where the judge sees what the student's code has written.
SEEN = VIEW / SCRATCH.name
SPEC = """
import importlib.util
spec = importlib.util.spec_from_file_location("late", {place!r})
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)"""
ROUTES = {
    "spec": SPEC.format(place="late.py"),
    "spec_absolute": SPEC.format(place=f"{SCRATCH}/late.py"),
    "spec_view": SPEC.format(place=f"{SEEN}/late.py"),
    "spec_package": SPEC.format(place="package/__init__.py"),
    "spec_link": "import os\nos.symlink('late.py', '/tmp/linked.py')"
    + SPEC.format(place="/tmp/linked.py"),
    "spec_copied": "import shutil\nshutil.copy('late.py', '/tmp/copied.py')"
    + SPEC.format(place="/tmp/copied.py"),
    "loader": "from importlib.machinery import SourceFileLoader\n"
    "SourceFileLoader('late', 'late.py').load_module()",
    "sourceless": "from importlib.machinery import SourcelessFileLoader\n"
    "SourcelessFileLoader('late', 'late.pyc').load_module()",
    "get_code": "from importlib.machinery import SourceFileLoader\n"
    "exec(SourceFileLoader('late', 'late.py').get_code('late'))",
    "finder": "from importlib.machinery import PathFinder\n"
    f"PathFinder.find_spec('late', ['{SCRATCH}']).loader.load_module('late')",
    "imp": "import imp\nimp.load_source('late', 'late.py')",
    "import_late": f"import sys\nsys.path.insert(0, '{SEEN}')\nimport late",
    "import_module": "import sys, importlib\nsys.path.insert(0, '.')\n"
    "importlib.import_module('package')",
    "zipped": "import sys\nsys.path.insert(0, 'late.zip')\nimport zipped",
    "zipimport": "import zipimport\nzipimport.zipimporter('late.zip').load_module('zipped')",
    "run": "%run late.py",
    "run_i": "%run -i late.py",
    "run_ipy": "%run late.ipy",
    "run_module": "%run -m late",
    "run_line_magic": "get_ipython().run_line_magic('run', 'late.py')",
    "execfile": "get_ipython().safe_execfile('late.py', {})",
    "execfile_ipy": "get_ipython().safe_execfile_ipy('late.ipy')",
    "run_cell": "get_ipython().run_cell(open('late.py').read())",
    "ex": "get_ipython().ex(open('late.py').read())",
    "runpy": "import runpy\nrunpy.run_path('late.py')",
    "runpy_module": f"import runpy, sys\nsys.path.insert(0, '{SCRATCH}')\nrunpy.run_module('late')",
    "runpy_zip": "import runpy\nrunpy.run_path('late.zip')",
    "exec_text": "exec(open('late.py').read())",
    "exec_bytes": "exec(open('late.py', 'rb').read())",
    "exec_part": "exec(open('late.py').read().splitlines()[0])",
    "exec_descriptor": "import os\nexec(os.read(os.open('late.py', os.O_RDONLY), 999))",
    "exec_proc": "file = open('late.py')\nexec(open(f'/proc/self/fd/{file.fileno()}').read())",
    "exec_path": "import pathlib\nexec(pathlib.Path('late.py').read_text())",
    "exec_compiled": "exec(compile(open('late.py').read(), 'late', 'exec'))",
    "eval_compiled": "eval(compile(open('late.py').read(), '<string>', 'exec'))",
    "eval_line": "eval(open('late.py').readline())",
    "exec_tree": "import ast\nexec(compile(ast.parse(open('late.py').read()), 'x', 'exec'))",
    "exec_helper": "def load(path):\n    with open(path) as file:\n        exec(file.read(), {})\n"
    "load('late.py')",
    "exec_mapped": "import mmap\nfile = open('late.py')\n"
    "exec(bytes(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)))",
    "marshal": "import marshal\nexec(marshal.loads(open('late.code', 'rb').read()))",
    "site": f"import site\nsite.addsitedir('{SEEN}')\n"
    "import os\nassert not os.path.exists('/tmp/ran'), 'ran'\nraise OSError",
    "doctest": "import doctest\n"
    f"assert not doctest.testfile('{SCRATCH}/late.txt', module_relative=False).failed",
    "code": "import code\ncode.InteractiveInterpreter().runsource(open('late.py').readline())\n"
    "import os\nassert not os.path.exists('/tmp/ran'), 'ran'\nraise OSError",
    "python": "import subprocess, sys\nsubprocess.run([sys.executable, 'late.py'])",
    "python_c": "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'import late'])",
    "python_m": f"import subprocess\nsubprocess.run('cd {SCRATCH}; python3 -m late', shell=True)",
    "shell": "import subprocess\nsubprocess.run(['sh', 'late.sh'])",
    "shell_there": f"import subprocess\nsubprocess.run(['sh', 'late.sh'], cwd='{SEEN}')",
    "system": "import os\nos.system('python late.py')",
    "bang": "!python late.py",
    "bash_magic": "%%bash\nsh late.sh",
    "pytest": "import pytest\nassert pytest.main(['-qq', '-p', 'no:cacheprovider', "
    "'test_late.py']) == 0",
    "pickle": "import pickle\npickle.load(open('late.pickle', 'rb'))",
    "pickle_bytes": "import pickle\npickle.loads(open('late.pickle', 'rb').read())",
    "np_load": "import numpy as np\nnp.load('objects.npy', allow_pickle=True)",
}
#: One cell reads the text, another runs it.
IN_TWO = ("text = open('late2.py').read()", "exec(text)")
DATA = """
import ast, csv, json, os, pathlib
import numpy as np
assert np.array_equal(np.load("numbers.npy"), [0, 1, 2])
assert np.load("numbers.npy", mmap_mode="r")[2] == 2
assert json.load(open("answer.json")) == {"value": 42}
assert ast.literal_eval(open("literal.txt").read()) == [1, 2]
assert np.loadtxt("table.csv", delimiter=",", skiprows=1).tolist() == [1, 2]
assert next(csv.DictReader(open("table.csv"))) == {"x": "1", "y": "2"}
source = pathlib.Path("late.py").read_text()
assert "value" in source
assert any(isinstance(node, ast.Assign) for node in ast.walk(ast.parse(source)))
assert os.stat("late.py").st_size == len(source)
import colorsys
import subprocess
assert subprocess.run(["cat", "answer.json"], capture_output=True).stdout == b'{"value": 42}'"""
OWN = """
import collections, copy, pickle
Pair = collections.namedtuple("Pair", "x y")
assert pickle.loads(pickle.dumps(collections.OrderedDict(a=1))) == {"a": 1}
assert copy.deepcopy(Pair(1, [2])) == (1, [2])
names = {}
exec("a = 1", names)
assert eval("a + 1", names) == 2"""


@pytest.fixture(scope="module")
def graded(zygote):
    cells = [solution(HAND_IN, "hand_in")]
    cells += [asserts(text, name) for name, text in ROUTES.items()]
    cells += [asserts(text, f"two_{place}") for place, text in enumerate(IN_TWO)]
    cells += [
        asserts("import os\nassert not os.path.lexists('/tmp/ran'), open('/tmp/ran').read()", "ran")
    ]
    cells += [asserts(DATA, "data"), asserts(OWN, "own")]
    cells += [solution("import late2", "imports")]
    cells += [asserts("assert late2.value == 42", "proxies")]
    done = asyncio.run(execute(job(*cells, cell_seconds=60, seconds=300), zygote))
    assert not done.failure
    names = [cell.metadata.nbgrader.grade_id for cell in cells]
    return dict(zip(names, done.cells, strict=True))


def test_the_students_files_are_there(graded):
    assert graded["hand_in"].message == ""


@pytest.mark.parametrize("name", [*ROUTES, "two_1"])
def test_a_test_that_would_run_the_students_file_is_an_error(graded, name):
    assert graded[name].verdict is not Verdict.PASS, graded[name]
    assert "ran" not in graded[name].message.split()


def test_nothing_of_the_students_has_run_in_the_judge(graded):
    assert (graded["ran"].verdict, graded["ran"].message) == (Verdict.PASS, "")


@pytest.mark.parametrize("name", ["data", "own", "two_0"])
def test_files_are_read_as_data_and_what_is_the_tests_own_goes_on(graded, name):
    assert graded[name].message == ""


def test_the_refusal_says_what_to_write_and_that_works(graded):
    assert "import the file in an ordinary cell" in graded["spec"].message
    assert (graded["imports"].message, graded["proxies"].message) == ("", "")
