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
# A correct solution by someone who writes the formulas out, in TensorFlow, Python or NumPy, and uses
# Keras's ready parts as little as possible.

# %% cell="wage_net"
def wage_net(n_features, widths, mean_log_wage):
    first = hidden = keras.Input((n_features,))
    for width in widths:
        scale = (2 / hidden.shape[-1]) ** 0.5
        drawn = keras.initializers.TruncatedNormal(stddev=scale / 0.87962566)
        z = keras.layers.Dense(width, kernel_initializer=drawn)(hidden)
        hidden = z * keras.ops.sigmoid(z)
    last = keras.layers.Dense(1, kernel_initializer="zeros")
    model = keras.Model(first, last(hidden))
    last.set_weights([last.get_weights()[0], np.array([mean_log_wage])])
    return model


# %% cell="default_net"
def default_net(n_numbers, n_sectors, n_traits, width):
    inputs = [keras.Input((n_numbers,), name="numbers"), keras.Input((), dtype="int32")]
    traits = keras.layers.Embedding(n_sectors, n_traits, name="traits")
    hidden = keras.layers.Dense(width, name="hidden")
    deep = keras.layers.Dense(1, name="deep")
    wide = keras.layers.Dense(1, use_bias=False, name="wide")
    joined = keras.ops.concatenate([inputs[0], traits(inputs[1])], axis=-1)
    score = deep(keras.ops.maximum(hidden(joined), 0.0)) + wide(inputs[0])
    return keras.Model(inputs=inputs, outputs=score)


# %% cell="compile"
def compile_ratings(model, learning_rate):
    def cross_entropy(y, logits):
        labels = keras.ops.one_hot(
            keras.ops.cast(keras.ops.reshape(y, (-1,)), "int32"), logits.shape[-1]
        )
        return -keras.ops.sum(labels * keras.ops.log_softmax(logits), axis=-1)

    model.compile(
        keras.optimizers.Adam(learning_rate=learning_rate),
        cross_entropy,
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
    )
    return model


# %% cell="decide"
def least_cost(model, X, cost):
    actions, costs = [], []
    for z in np.asarray(model(X), dtype=float):
        chances = np.exp(z - max(z))
        chances = chances / sum(chances)
        expected = [float(np.dot(row, chances)) for row in cost]
        actions.append(expected.index(min(expected)))
        costs.append(min(expected))
    return np.array(actions), np.array(costs)


# %% cell="ces"
class CES(keras.layers.Layer):
    def __init__(self, units, rho, **kwargs):
        super().__init__(**kwargs)
        self.units, self.rho = units, rho

    def build(self, input_shape):
        self.logits = self.add_weight(shape=(input_shape[-1], self.units), initializer="zeros")
        self.level = self.add_weight(shape=(self.units,), initializer="zeros")

    def call(self, x):
        grown = tf.exp(self.logits)
        shares = grown / tf.reduce_sum(grown, axis=0, keepdims=True)
        columns = []
        for u in range(self.units):
            if self.rho:
                inner = tf.reduce_sum(shares[:, u] * tf.pow(x, self.rho), axis=1) ** (1 / self.rho)
            else:
                inner = tf.reduce_prod(tf.pow(x, shares[:, u]), axis=1)
            columns.append(tf.exp(self.level[u]) * inner)
        return tf.stack(columns, axis=1)

    def get_config(self):
        config = super().get_config()
        config.update(units=self.units, rho=self.rho)
        return config


# %% cell="linex"
class Linex(keras.losses.Loss):
    def __init__(self, a, **kwargs):
        self.a = a
        super().__init__(**kwargs)

    def call(self, y_true, y_pred):
        if len(y_true.shape) == 1:
            y_true = y_true[:, None]
        e = y_pred - y_true
        losses = tf.math.expm1(self.a * e) - self.a * e
        return tf.reduce_sum(losses, axis=-1) / losses.shape[-1]

    def get_config(self):
        config = super().get_config()
        config["a"] = self.a
        return config


# %% cell="callback"
class PlateauStop(keras.callbacks.Callback):
    def __init__(self, patience, factor, min_rate):
        super().__init__()
        self.settings = patience, factor, min_rate

    def on_train_begin(self, logs=None):
        self.history = []
        self.rates = []
        self.best = np.inf
        self.since = 0

    def on_epoch_begin(self, epoch, logs=None):
        self.rates.append(float(self.model.optimizer.learning_rate))

    def on_epoch_end(self, epoch, logs=None):
        patience, factor, min_rate = self.settings
        self.history.append(logs["val_loss"])
        place = int(np.argmin(self.history))  # the first of the smallest
        self.best = self.history[place]
        if place == len(self.history) - 1:
            self.kept = [np.array(w) for w in self.model.get_weights()]
        worse = len(self.history) - 1 - place
        if worse == 0 or worse % patience:
            return
        lower = factor * self.rates[-1]
        if lower >= min_rate:
            self.model.optimizer.learning_rate.assign(lower)
        else:
            self.model.stop_training = True
            self.model.set_weights(self.kept)


# %% cell="graph"
def train_in_graph(model, loss, learning_rate, X, y, v, batch_size, epochs):
    data = [tf.cast(np.asarray(part), "float32") for part in (X, y, v)]
    optimizer = keras.optimizers.SGD(learning_rate, momentum=0.5)
    optimizer.build(model.trainable_variables)

    @tf.function
    def one_epoch():
        batches = tf.data.Dataset.from_tensor_slices(tuple(data)).batch(batch_size)
        total, count = tf.constant(0.0), tf.constant(0.0)
        for x_b, y_b, v_b in batches:
            with tf.GradientTape() as tape:
                value = loss(y_b, model(x_b, training=True), v_b)
                for penalty in model.losses:
                    value += penalty
            slopes = tape.gradient(value, model.trainable_variables)
            optimizer.apply_gradients(zip(slopes, model.trainable_variables))
            rows = tf.cast(tf.size(v_b), "float32")
            total, count = total + rows * value, count + rows
        return total / count

    return np.array([float(one_epoch()) for _ in range(epochs)])


# %% cell="bundle"
def save_bundle(folder, model, mean, std):
    import json

    os.makedirs(folder, exist_ok=True)
    model.save(os.path.join(folder, "model.keras"))
    with open(os.path.join(folder, "scaling.json"), "w") as file:
        json.dump([list(map(float, mean)), list(map(float, std))], file)


def load_bundle(folder):
    import json

    with open(os.path.join(folder, "scaling.json")) as file:
        mean, std = map(np.array, json.load(file))
    model = keras.saving.load_model(os.path.join(folder, "model.keras"))

    def predict(X):
        return model.predict((X - mean) / std, verbose=0)

    return predict
