# %% plain
import asyncio
import inspect
import threading
from concurrent.futures import ThreadPoolExecutor


# %% answer tasks
async def fetch(value, delay=0):
    await asyncio.sleep(delay)
    return value + 1


async def fetch_all(values):
    return await asyncio.gather(*(fetch(v) for v in values))


async def countdown(n):
    while n:
        yield n
        n -= 1
        await asyncio.sleep(0)


async def guarded(work, seconds):
    try:
        return await asyncio.wait_for(work(), seconds)
    except asyncio.TimeoutError:
        return "late"


class Lock:
    def __init__(self):
        self.held = False

    async def __aenter__(self):
        self.held = True
        return self

    async def __aexit__(self, *error):
        self.held = False


async def fails():
    raise ValueError("on purpose")


async def calls(back, n):
    for i in range(n):
        await back(i)


async def produce(queue, n):
    for i in range(n):
        await queue.put(i)


def parallel(function, values):
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(function, values))


def threads(n):
    found, guard = [], threading.Lock()

    def work(i):
        with guard:
            found.append(i)

    started = [threading.Thread(target=work, args=(i,)) for i in range(n)]
    for one in started:
        one.start()
    for one in started:
        one.join()
    return sorted(found)


def blocking(values):
    return asyncio.new_event_loop().run_until_complete(fetch_all(values))


# %% test awaited
assert await fetch(1) == 2
# %% test awaited_twice
first = await fetch(1)
assert await fetch(first) == 3
# %% test all_values
assert await fetch_all([1, 2, 3]) == [2, 3, 4]
# %% test gathered
assert await asyncio.gather(fetch(5), fetch(6)) == [6, 7]
# %% test is_coroutine_function
assert inspect.iscoroutinefunction(fetch) and not inspect.iscoroutinefunction(parallel)
# %% test is_coroutine
made = fetch(1)
assert asyncio.iscoroutine(made)
assert await made == 2
# %% test own_loop
loop = asyncio.new_event_loop()
try:
    assert await asyncio.to_thread(loop.run_until_complete, fetch(4)) == 5
finally:
    loop.close()
# %% test run_in_thread
assert await asyncio.to_thread(lambda: asyncio.run(fetch(7))) == 8
# %% test async_generator
assert [n async for n in countdown(3)] == [3, 2, 1]
# %% test is_async_generator
assert inspect.isasyncgenfunction(countdown)
# %% test async_context
lock = Lock()
async with lock as held:
    assert held.held
assert not lock.held
# %% test raises
try:
    await fails()
except ValueError as error:
    assert str(error) == "on purpose"
else:
    raise AssertionError("no error")
# %% test raises_in_gather
found = await asyncio.gather(fetch(1), fails(), return_exceptions=True)
assert found[0] == 2 and isinstance(found[1], ValueError)


# %% test timeout
async def slow():
    await asyncio.sleep(5)


async def quick():
    return "in time"


assert await guarded(slow, 0.01) == "late" and await guarded(quick, 1) == "in time"
# %% test callback
heard = []


async def listen(i):
    heard.append(i)


await calls(listen, 3)
assert heard == [0, 1, 2]
# %% test task
task = asyncio.ensure_future(fetch(9))
assert await task == 10 and task.done()
# %% test pooled
assert parallel(lambda v: v * v, [1, 2, 3]) == [1, 4, 9]
# %% test threaded
assert threads(5) == [0, 1, 2, 3, 4]
# %% test called_from_a_thread
assert await asyncio.to_thread(threads, 2) == [0, 1]


# %% wrong plain tasks
def fetch(value, delay=0):
    return value


def fetch_all(values):
    return values


def countdown(n):
    return list(range(n))


async def guarded(work, seconds):
    return "late"


class Lock:
    held = True


async def fails():
    return None


async def calls(back, n):
    pass


async def produce(queue, n):
    pass


def parallel(function, values):
    return values


def threads(n):
    return []


def blocking(values):
    return values
