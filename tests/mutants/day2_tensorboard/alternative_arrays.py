# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# A correct solution with arrays and with Keras's own tools wherever they exist.


# %% cell="folder"
import itertools


def fresh_folder(root, name):
    names = itertools.chain([name], (f"{name}-{number}" for number in itertools.count(2)))
    chosen = next(Path(root) / wanted for wanted in names if not (Path(root) / wanted).exists())
    chosen.mkdir(parents=True, exist_ok=False)
    return str(chosen)


# %% cell="curves"
def log_curves(folder, curves, first, every):
    curves = {tag: np.asarray(values, dtype=float) for tag, values in curves.items()}
    longest = max((len(values) for values in curves.values()), default=0)
    writer = tf.summary.create_file_writer(folder, flush_millis=1)
    for place in range(longest):
        with writer.as_default(step=first + every * place):
            for tag, values in curves.items():
                if place < len(values) and np.isfinite(values[place]):
                    tf.summary.scalar(tag, values[place])
    writer.close()
    return sum(np.sum(~np.isfinite(values)) for values in curves.values())  # NumPy's own int


# %% cell="records"
def scalars_of(records):
    events = [tf.compat.v1.Event.FromString(record) for record in records]
    values = [(event.step, value) for event in events for value in event.summary.value]
    plugin = {}
    for _, value in reversed(values):  # the first value of a tag is the last to be seen
        old = value.HasField("simple_value")
        plugin[value.tag] = "scalars" if old else value.metadata.plugin_data.plugin_name
    result = {tag: [] for tag, name in plugin.items() if name == "scalars"}
    for step, value in values:
        if value.tag in result:
            simple = value.HasField("simple_value")
            number = value.simple_value if simple else tf.make_ndarray(value.tensor)
            result[value.tag].append((int(step), float(number)))
    return result


# %% cell="attempt"
def last_attempt(curve):
    if not curve:
        return []
    steps = np.array([step for step, _ in curve], dtype=float)
    later = np.append(np.minimum.accumulate(steps[::-1])[::-1][1:], np.inf)
    return [pair for pair, keep in zip(curve, steps < later) if keep]


# %% cell="smooth"
def smooth(steps, values, half_life):
    steps, values = np.asarray(steps, dtype=float), np.asarray(values, dtype=float)
    gaps = steps[:, None] - steps[None, :]
    fine = np.isfinite(values)
    weights = np.where((gaps >= 0) & fine, 0.5 ** (np.maximum(gaps, 0) / half_life), 0.0)
    total = weights.sum(axis=1)
    sums = weights @ np.where(fine, values, 0.0)
    return np.divide(sums, total, out=np.full(len(steps), np.nan), where=total > 0)


# %% cell="decades"
def decades(values, lowest, highest):
    sizes = np.nan_to_num(np.abs(np.asarray(values, dtype=float)), nan=np.inf, posinf=np.inf)
    edges = np.concatenate([[0.0], [10.0**k for k in range(lowest, highest + 1)], [np.inf]])
    at_least = np.array([np.count_nonzero(sizes >= edge) for edge in edges[:-1]])
    return np.append(at_least[:-1] - at_least[1:], at_least[-1])


# %% cell="share"
def share_between(buckets, low, high):
    left, right, count = np.asarray(buckets, dtype=float).T
    total = count.sum()
    if total == 0:
        return 0.0
    width = right - left
    overlap = np.clip(np.minimum(right, high) - np.maximum(left, low), 0, None)
    part = np.divide(overlap, width, out=np.zeros_like(width), where=width > 0)
    part[width == 0] = ((left >= low) & (left <= high))[width == 0]
    return float(part @ count / total)


# %% cell="callback"
class MoveRecorder(keras.callbacks.Callback):
    def __init__(self, folder):
        super().__init__()
        self.folder, self.writer, self.old = str(folder), None, None

    def snapshot(self):
        layers = [layer for layer in self.model.layers if len(layer.trainable_weights)]
        return {
            layer.name: tf.concat([tf.reshape(w, [-1]) for w in layer.trainable_variables], axis=0)
            for layer in layers
        }

    def on_train_begin(self, logs=None):
        self.old = self.snapshot()

    def on_epoch_end(self, epoch, logs=None):
        if self.writer is None:
            self.writer = tf.summary.create_file_writer(self.folder)
        new = self.snapshot()
        with self.writer.as_default(step=epoch):
            for name in new:
                ratio = tf.norm(new[name] - self.old[name]) / tf.norm(self.old[name])
                tf.summary.scalar("move/" + name, ratio)
            tf.summary.flush()
        self.old = new

    def on_train_end(self, logs=None):
        self.writer.close()


# %% cell="ranking"
def ranking(runs):
    rows = []
    for name, curve in runs.items():
        if not curve:
            continue
        steps, losses = zip(*curve)
        losses = np.array(losses, dtype=float)
        finite = np.where(np.isfinite(losses), losses, np.inf)
        best = int(np.argmin(finite))
        if np.isinf(finite[best]):
            continue
        regret = float(losses[-1] - losses[best]) if np.isfinite(losses[-1]) else float("inf")
        rows.append((float(losses[best]), steps[best], name, regret))
    return [(name, step, loss, regret) for loss, step, name, regret in sorted(rows)]
