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
# A correct solution in plain Python, by someone who comes from TensorFlow 1: it writes its events by
# hand, and loops wherever it can.


# %% cell="folder"
def fresh_folder(root, name):
    wanted = os.path.join(root, name)
    os.makedirs(os.path.dirname(wanted), exist_ok=True)
    number = 1
    while True:
        path = wanted if number == 1 else wanted + "-" + str(number)
        try:
            os.mkdir(path)
        except FileExistsError:
            number += 1
        else:
            return path


# %% cell="curves"
def log_curves(folder, curves, first, every):
    os.makedirs(folder, exist_ok=True)
    missing = 0
    metadata = tf.compat.v1.SummaryMetadata()
    metadata.plugin_data.plugin_name = "scalars"
    path = os.path.join(folder, "events.out.tfevents.0000000001.by_hand.v2")
    with tf.io.TFRecordWriter(path) as file:
        file.write(tf.compat.v1.Event(file_version="brain.Event:2").SerializeToString())
        for tag in curves:
            step = first
            for value in curves[tag]:
                number = float(value)
                if number != number or number in (float("inf"), float("-inf")):
                    missing = missing + 1
                else:
                    event = tf.compat.v1.Event(step=step)
                    tensor = tf.make_tensor_proto(number, dtype=tf.float32)
                    event.summary.value.add(tag=tag, tensor=tensor, metadata=metadata)
                    file.write(event.SerializeToString())
                step = step + every
    return missing


# %% cell="records"
def scalars_of(records):
    scalar_tags, other_tags, found = set(), set(), []
    for record in records:
        event = tf.compat.v1.Event.FromString(record)
        for value in event.summary.value:
            if value.WhichOneof("value") == "simple_value":
                found.append((value.tag, event.step, float(value.simple_value)))
                continue
            if value.tag not in scalar_tags | other_tags:
                is_scalar = value.metadata.plugin_data.plugin_name == "scalars"
                (scalar_tags if is_scalar else other_tags).add(value.tag)
            if value.tag in scalar_tags:
                number = tf.make_ndarray(value.tensor).item()
                found.append((value.tag, event.step, float(number)))
    return {
        tag: [(step, number) for other, step, number in found if other == tag]
        for tag in {tag for tag, _, _ in found}
    }


# %% cell="attempt"
def last_attempt(curve):
    kept, smallest = [], None
    for step, value in reversed(curve):
        if smallest is None or step < smallest:
            kept.insert(0, [step, value])
            smallest = step
    return kept


# %% cell="smooth"
def smooth(steps, values, half_life):
    above = below = 0.0
    before = None
    smoothed = []
    for step, value in zip(steps, values):
        if before is not None:
            fade = 0.5 ** (float(step - before) / half_life)
            above, below = above * fade, below * fade
        if np.isfinite(value):
            above, below = above + float(value), below + 1.0
        before = step
        smoothed.append(above / below if below > 0 else float("nan"))
    return smoothed


# %% cell="decades"
def decades(values, lowest, highest):
    counts = [0] * (highest - lowest + 2)
    for value in np.asarray(values, dtype=float).flatten():
        size = abs(value)
        place = 0
        for k in range(lowest, highest + 1):
            if not size < 10.0**k:
                place = place + 1
        counts[place] += 1
    return counts


# %% cell="share"
def share_between(buckets, low, high):
    def share_up_to(x, closed):
        count = 0.0
        for left, right, number in buckets:
            if right < x or (right == x and (closed or left < right)):
                count += number
            elif left < x:
                count += number * (x - left) / (right - left)
        return count

    total = sum(row[2] for row in buckets)
    if total == 0:
        return 0.0
    return (share_up_to(high, closed=True) - share_up_to(low, closed=False)) / total


# %% cell="callback"
class MoveRecorder(keras.callbacks.Callback):
    def __init__(self, folder):
        super().__init__()
        self.folder = folder

    def on_train_begin(self, logs=None):
        self.writer = tf.summary.create_file_writer(self.folder)
        self.old = {}
        for layer in self.model.layers:
            self.old[layer.name] = [w.numpy().copy() for w in layer.trainable_weights]

    def on_epoch_end(self, epoch, logs=None):
        for layer in self.model.layers:
            if len(layer.trainable_weights) == 0:
                continue
            change = size = 0.0
            for weight, old in zip(layer.trainable_weights, self.old[layer.name]):
                change += float(np.sum((weight.numpy() - old) ** 2))
                size += float(np.sum(old**2))
            self.old[layer.name] = [w.numpy().copy() for w in layer.trainable_weights]
            with self.writer.as_default(step=epoch):
                tf.summary.scalar("move/" + layer.name, (change / size) ** 0.5)
        self.writer.flush()

    def on_train_end(self, logs=None):
        self.writer.close()


# %% cell="ranking"
def ranking(runs):
    table = []
    for name in runs:
        best = None
        for step, loss in runs[name]:
            if np.isfinite(loss) and (best is None or loss < best[1]):
                best = [step, loss]
        if best is None:
            continue
        last = runs[name][-1][1]
        regret = last - best[1]
        if not np.isfinite(last):
            regret = float("inf")
        table.append([name, best[0], best[1], regret])
    table.sort(key=lambda row: row[0])
    table.sort(key=lambda row: row[1])
    table.sort(key=lambda row: row[2])
    return table
