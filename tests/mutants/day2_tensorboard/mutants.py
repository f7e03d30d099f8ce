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
# One student's mistake per cell. `cell` names the solution cell whose source it replaces, all other
# solution cells keep the reference; `loses` lists the graded cells that then lose their points.

# %% mutant="folder_reused" cell="folder" loses=["test_folder"]
# Makes the folder if it is missing and takes it again if it is there: the classic mistake.
def fresh_folder(root, name):
    folder = Path(root, name)
    folder.mkdir(parents=True, exist_ok=True)
    return str(folder)


# %% mutant="folder_counted" cell="folder" loses=["test_folder"]
# Takes the number of folders that are there for the next number, and hits one that is taken.
def fresh_folder(root, name):
    folder = Path(root, name)
    number = len(list(folder.parent.glob(folder.name + "*"))) + 1
    if number > 1:
        folder = Path(root, f"{name}-{number}")
    folder.mkdir(parents=True, exist_ok=True)
    return str(folder)


# %% mutant="folder_not_made" cell="folder" loses=["test_folder"]
# Finds a free name and leaves it to the writer to make the folder: the next call finds it free too.
def fresh_folder(root, name):
    folder, number = Path(root, name), 1
    while folder.exists():
        number += 1
        folder = Path(root, f"{name}-{number}")
    return str(folder)


# %% mutant="folder_number_chained" cell="folder" loses=["test_folder"]
# Appends each number to the name that was tried before: adam-2-3.
def fresh_folder(root, name):
    folder, number = Path(root, name), 1
    while folder.exists():
        number += 1
        folder = Path(f"{folder}-{number}")
    folder.mkdir(parents=True)
    return str(folder)


# %% mutant="curves_closed_up" cell="curves" loses=["test_curves"]
# Drops what is not finite before counting the steps, so that the rest moves to the left.
def log_curves(folder, curves, first, every):
    left_out = 0
    writer = tf.summary.create_file_writer(folder)
    with writer.as_default():
        for tag, values in curves.items():
            fine = [value for value in values if np.isfinite(value)]
            left_out += len(values) - len(fine)
            for place, value in enumerate(fine):
                tf.summary.scalar(tag, value, step=first + every * place)
    writer.close()
    return left_out


# %% mutant="curves_only_nan" cell="curves" loses=["test_curves"]
# Leaves out nan and forgets that infinite numbers are not finite either.
def log_curves(folder, curves, first, every):
    left_out = 0
    writer = tf.summary.create_file_writer(folder)
    with writer.as_default():
        for tag, values in curves.items():
            for place, value in enumerate(values):
                if np.isnan(value):
                    left_out += 1
                else:
                    tf.summary.scalar(tag, value, step=first + every * place)
    writer.close()
    return left_out


# %% mutant="curves_one_counter" cell="curves" loses=["test_curves"]
# Counts the steps through all curves instead of from the start of each.
def log_curves(folder, curves, first, every):
    left_out, step = 0, first
    writer = tf.summary.create_file_writer(folder)
    with writer.as_default():
        for tag, values in curves.items():
            for value in values:
                if np.isfinite(value):
                    tf.summary.scalar(tag, value, step=step)
                else:
                    left_out += 1
                step += every
    writer.close()
    return left_out


# %% mutant="records_simple_only" cell="records" loses=["test_records"]
# Reads the scalars of TensorFlow 1, as old snippets do: those of TensorFlow 2 are tensors.
def scalars_of(records):
    curves = {}
    for record in records:
        event = tf.compat.v1.Event.FromString(record)
        for value in event.summary.value:
            if value.HasField("simple_value"):
                curves.setdefault(value.tag, []).append((event.step, value.simple_value))
    return curves


# %% mutant="records_by_shape" cell="records" loses=["test_records"]
# Takes every tensor with one number for a scalar, whatever the plugin.
def scalars_of(records):
    curves = {}
    for record in records:
        event = tf.compat.v1.Event.FromString(record)
        for value in event.summary.value:
            if value.HasField("simple_value"):
                number = value.simple_value
            else:
                array = tf.make_ndarray(value.tensor)
                if array.size != 1 or array.dtype.kind != "f":
                    continue
                number = float(array)
            curves.setdefault(value.tag, []).append((event.step, number))
    return curves


# %% mutant="records_need_a_name" cell="records" loses=["test_records"]
# Passes over values that do not name their plugin again.
def scalars_of(records):
    curves = {}
    for record in records:
        event = tf.compat.v1.Event.FromString(record)
        for value in event.summary.value:
            if value.HasField("simple_value"):
                number = value.simple_value
            elif value.metadata.plugin_data.plugin_name == "scalars":
                number = float(tf.make_ndarray(value.tensor))
            else:
                continue
            curves.setdefault(value.tag, []).append((event.step, number))
    return curves


# %% mutant="attempt_by_dict" cell="attempt" loses=["test_attempt"]
# Lets a later value replace an earlier one of the same step, and keeps the steps never reached again.
def last_attempt(curve):
    return sorted(dict(curve).items())


# %% mutant="attempt_strictly" cell="attempt" loses=["test_attempt"]
# Drops the larger steps and keeps the equal one.
def last_attempt(curve):
    kept = []
    for step, value in curve:
        while kept and kept[-1][0] > step:
            kept.pop()
        kept.append((step, value))
    return kept


# %% mutant="smooth_per_point" cell="smooth" loses=["test_smooth"]
# Lets the weight halve per so many points, as TensorBoard does, instead of per so many steps.
def smooth(steps, values, half_life):
    smoothed = []
    for place in range(len(steps)):
        past = np.array(values[: place + 1], dtype=float)
        fine = np.isfinite(past)
        weights = 2.0 ** (-np.arange(place, -1, -1) / half_life)
        total = weights[fine].sum()
        smoothed.append((weights * past)[fine].sum() / total if total else np.nan)
    return np.array(smoothed)


# %% mutant="smooth_not_debiased" cell="smooth" loses=["test_smooth"]
# Starts the moving average at the first value, which then keeps too much weight.
def smooth(steps, values, half_life):
    smoothed, average, before = [], np.nan, None
    for step, value in zip(steps, values):
        if np.isfinite(value):
            if np.isnan(average):
                average = float(value)
            else:
                weight = 2.0 ** ((before - step) / half_life)
                average = weight * average + (1 - weight) * value
            before = step
        smoothed.append(average)
    return np.array(smoothed)


# %% mutant="smooth_absolute_steps" cell="smooth" loses=["test_smooth"]
# Computes the weights of absolute steps, which overflow in a long training.
def smooth(steps, values, half_life):
    with np.errstate(over="ignore", invalid="ignore"):
        fine = np.isfinite(values)
        weights = np.where(fine, 2.0 ** (steps / half_life), 0.0)
        clean = np.where(fine, values, 0.0)
        return np.cumsum(weights * clean) / np.cumsum(weights)


# %% mutant="decades_signed" cell="decades" loses=["test_decades"]
# Forgets that half of the gradients are negative.
def decades(values, lowest, highest):
    edges = 10.0 ** np.arange(lowest, highest + 1)
    places = np.searchsorted(edges, np.ravel(np.asarray(values, dtype=float)), side="right")
    return np.bincount(places, minlength=len(edges) + 1)


# %% mutant="decades_cut_off" cell="decades" loses=["test_decades"]
# Uses np.histogram, which leaves out what lies below the first edge and above the last.
def decades(values, lowest, highest):
    sizes = np.abs(np.ravel(np.asarray(values, dtype=float)))
    inside = np.histogram(sizes, 10.0 ** np.arange(lowest, highest + 1))[0]
    return np.concatenate([[0], inside, [0]])


# %% mutant="share_whole_buckets" cell="share" loses=["test_share"]
# Counts a bucket wholly or not at all, by its middle.
def share_between(buckets, low, high):
    middles = (buckets[:, 0] + buckets[:, 1]) / 2
    total = buckets[:, 2].sum()
    return float(buckets[(middles >= low) & (middles <= high), 2].sum() / total) if total else 0.0


# %% mutant="share_negative_overlap" cell="share" loses=["test_share"]
# Forgets that a bucket outside the interval must not count negatively.
def share_between(buckets, low, high):
    inside = total = 0.0
    for left, right, count in buckets:
        if left == right:
            part = float(low <= left <= high)
        else:
            part = (min(right, high) - max(left, low)) / (right - left)
        inside += part * count
        total += count
    return inside / total if total else 0.0


# %% mutant="callback_from_the_start" cell="callback" loses=["test_callback"]
# Compares with the weights at the start of the training, in every epoch.
class MoveRecorder(keras.callbacks.Callback):
    def __init__(self, folder):
        super().__init__()
        self.writer = tf.summary.create_file_writer(folder)

    def _vectors(self):
        return {
            layer.name: np.concatenate([w.numpy().ravel() for w in layer.trainable_weights])
            for layer in self.model.layers
            if layer.trainable_weights
        }

    def on_train_begin(self, logs=None):
        self.before = self._vectors()

    def on_epoch_end(self, epoch, logs=None):
        with self.writer.as_default():
            for name, vector in self._vectors().items():
                move = np.linalg.norm(vector - self.before[name])
                tf.summary.scalar(f"move/{name}", move / np.linalg.norm(self.before[name]), epoch)

    def on_train_end(self, logs=None):
        self.writer.close()


# %% mutant="callback_all_weights" cell="callback" loses=["test_callback"]
# Takes all weights of a layer, those that are not trained included.
class MoveRecorder(keras.callbacks.Callback):
    def __init__(self, folder):
        super().__init__()
        self.writer = tf.summary.create_file_writer(folder)

    def _vectors(self):
        return {
            layer.name: np.concatenate([np.ravel(w) for w in layer.get_weights()])
            for layer in self.model.layers
            if layer.get_weights()
        }

    def on_train_begin(self, logs=None):
        self.before = self._vectors()

    def on_epoch_end(self, epoch, logs=None):
        now = self._vectors()
        with self.writer.as_default():
            for name, vector in now.items():
                move = np.linalg.norm(vector - self.before[name])
                tf.summary.scalar(f"move/{name}", move / np.linalg.norm(self.before[name]), epoch)
        self.before = now

    def on_train_end(self, logs=None):
        self.writer.close()


# %% mutant="callback_mean_of_ratios" cell="callback" loses=["test_callback"]
# Computes the ratio for kernel and bias on their own and averages: a bias near zero spoils it.
class MoveRecorder(keras.callbacks.Callback):
    def __init__(self, folder):
        super().__init__()
        self.writer = tf.summary.create_file_writer(folder)

    def _weights(self):
        return {
            layer.name: [w.numpy() for w in layer.trainable_weights]
            for layer in self.model.layers
            if layer.trainable_weights
        }

    def on_train_begin(self, logs=None):
        self.before = self._weights()

    def on_epoch_end(self, epoch, logs=None):
        now = self._weights()
        with self.writer.as_default():
            for name, arrays in now.items():
                moves = [
                    np.linalg.norm(new - old) / max(np.linalg.norm(old), 1e-8)
                    for new, old in zip(arrays, self.before[name])
                ]
                tf.summary.scalar(f"move/{name}", np.mean(moves), epoch)
        self.before = now

    def on_train_end(self, logs=None):
        self.writer.close()


# %% mutant="callback_divides_by_new" cell="callback" loses=["test_callback"]
# Divides by the size of the weights after the move, not before it.
class MoveRecorder(keras.callbacks.Callback):
    def __init__(self, folder):
        super().__init__()
        self.writer = tf.summary.create_file_writer(folder)

    def _vectors(self):
        return {
            layer.name: np.concatenate([w.numpy().ravel() for w in layer.trainable_weights])
            for layer in self.model.layers
            if layer.trainable_weights
        }

    def on_train_begin(self, logs=None):
        self.before = self._vectors()

    def on_epoch_end(self, epoch, logs=None):
        now = self._vectors()
        with self.writer.as_default():
            for name, vector in now.items():
                move = np.linalg.norm(vector - self.before[name])
                tf.summary.scalar(f"move/{name}", move / np.linalg.norm(vector), epoch)
        self.before = now

    def on_train_end(self, logs=None):
        self.writer.close()


# %% mutant="ranking_min_of_all" cell="ranking" loses=["test_ranking"]
# Takes the minimum of all losses, nan and -inf included.
def ranking(runs):
    table = []
    for name, curve in runs.items():
        if curve:
            loss, step = min((loss, step) for step, loss in curve)
            last = curve[-1][1]
            table.append((name, step, loss, last - loss if np.isfinite(last) else np.inf))
    return sorted(table, key=lambda row: (row[2], row[1], row[0]))


# %% mutant="ranking_by_name_before_step" cell="ranking" loses=["test_ranking"]
# Sorts runs of equal loss by their name, before it looks at the step.
def ranking(runs):
    table = []
    for name, curve in runs.items():
        finite = [(loss, step) for step, loss in curve if np.isfinite(loss)]
        if finite:
            loss, step = min(finite)
            last = curve[-1][1]
            table.append((name, step, loss, last - loss if np.isfinite(last) else np.inf))
    return sorted(table, key=lambda row: (row[2], row[0], row[1]))


# %% mutant="only_folders_count" cell="folder" loses=["test_folder"]
# Asks whether there is a folder, and breaks off where a file has the name.
def fresh_folder(root, name):
    folder = Path(root, name)
    number = 1
    while folder.is_dir():
        number += 1
        folder = Path(root, f"{name}-{number}")
    folder.mkdir(parents=True)
    return str(folder)


# %% mutant="quotient_of_logarithms" cell="decades" loses=["test_decades"]
# Rounds down log v / log 10, which is a little less than 3 at 1000.
def decades(values, lowest, highest):
    counts = np.zeros(highest - lowest + 2, dtype=int)
    for size in np.abs(np.ravel(values)):
        if np.isnan(size) or size == np.inf:
            counts[-1] += 1
        elif size == 0:
            counts[0] += 1
        else:
            place = int(np.floor(np.log(size) / np.log(10))) - lowest + 1
            counts[min(max(place, 0), len(counts) - 1)] += 1
    return counts
