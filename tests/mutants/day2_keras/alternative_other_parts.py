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
# A correct solution by someone who takes other classes, initialisers and hooks of Keras, and computes
# in logarithms where the reference takes powers.

# %% cell="wage_net"
def wage_net(n_features, widths, mean_log_wage):
    def layer(units, activation, kernel, bias=0.0):
        return keras.layers.Dense(
            units,
            activation=activation,
            kernel_initializer=kernel,
            bias_initializer=keras.initializers.Constant(bias),
        )

    layers = [
        layer(units, keras.activations.silu, keras.initializers.HeNormal()) for units in widths
    ]
    layers.append(layer(1, None, "zeros", mean_log_wage))
    model = keras.Sequential(layers)
    model.build((None, n_features))
    return model


# %% cell="default_net"
def default_net(n_numbers, n_sectors, n_traits, width):
    class WideAndDeep(keras.Model):
        def __init__(self):
            super().__init__()
            self.traits = keras.layers.Embedding(n_sectors, n_traits, name="traits")
            self.hidden = keras.layers.Dense(width, activation="relu", name="hidden")
            self.deep = keras.layers.Dense(1, name="deep")
            self.wide = keras.layers.Dense(1, use_bias=False, name="wide")

        def call(self, inputs):
            numbers, sector = inputs
            numbers = keras.ops.cast(numbers, "float32")
            joined = keras.ops.concatenate([numbers, self.traits(sector)], axis=1)
            return self.wide(numbers) + self.deep(self.hidden(joined))

    model = WideAndDeep()
    model([np.zeros((1, n_numbers)), np.zeros(1, dtype=int)])
    return model


# %% cell="decide"
def least_cost(model, X, cost):
    chances = tf.nn.softmax(tf.cast(model.predict(X, verbose=0), tf.float64), axis=1)
    expected = tf.einsum("ik,ak->ia", chances, tf.cast(np.asarray(cost), tf.float64))
    return tf.argmin(expected, axis=1).numpy(), tf.reduce_min(expected, axis=1).numpy()


# %% cell="ces"
class CES(keras.layers.Layer):
    def __init__(self, units, rho, **kwargs):
        super().__init__(**kwargs)
        self.config = {"units": units, "rho": rho}

    def build(self, input_shape):
        units = self.config["units"]
        self.theta = self.add_weight(shape=[input_shape[-1], units], initializer="zeros")
        self.scale = self.add_weight(shape=[units], initializer="zeros")
        self.built = True

    def call(self, x):
        # In logarithms, which stays finite where the powers would not.
        log_x = keras.ops.log(x)[:, :, None]
        log_shares = keras.ops.log_softmax(self.theta, axis=0)
        rho = self.config["rho"]
        if rho != 0:
            log_y = keras.ops.logsumexp(log_shares + rho * log_x, axis=1) / rho
        else:
            log_y = keras.ops.sum(keras.ops.exp(log_shares) * log_x, axis=1)
        return keras.ops.exp(self.scale + log_y)

    def get_config(self):
        return super().get_config() | self.config


# %% cell="linex"
class Linex(keras.losses.Loss):
    def __init__(self, a, name="linex", reduction="sum_over_batch_size", dtype=None):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.a = a

    def call(self, y_true, y_pred):
        e = y_pred - keras.ops.reshape(y_true, (-1, y_pred.shape[1]))
        return keras.ops.average(keras.ops.exp(self.a * e) - 1 - self.a * e, axis=-1)

    def get_config(self):
        return dict(super().get_config(), a=self.a)


# %% cell="callback"
class PlateauStop(keras.callbacks.Callback):
    def __init__(self, patience, factor, min_rate):
        super().__init__()
        self.patience = patience
        self.factor = factor
        self.min_rate = min_rate
        self._afresh()

    def _afresh(self):
        self.best = float("inf")
        self.left = self.patience
        self.rates = []
        self.weights = None
        self.stopped = False

    def on_train_begin(self, logs=None):
        self._afresh()

    def on_epoch_end(self, epoch, logs=None):
        self.rates.append(self.model.optimizer.learning_rate.numpy().item())
        improved = logs["val_loss"] < self.best
        if improved:
            self.best = logs["val_loss"]
            self.weights = self.model.get_weights()
        self.left = self.patience if improved else self.left - 1
        if self.left > 0:
            return
        self.left = self.patience
        if self.rates[-1] * self.factor >= self.min_rate:
            self.model.optimizer.learning_rate = self.rates[-1] * self.factor
        else:
            self.stopped = True
            self.model.stop_training = True

    def on_train_end(self, logs=None):
        if self.stopped:
            self.model.set_weights(self.weights)


# %% cell="graph"
def train_in_graph(model, loss, learning_rate, X, y, v, batch_size, epochs):
    m = len(X)
    per_epoch = -(-m // batch_size)
    X, y, v = (tf.convert_to_tensor(np.asarray(part, dtype="float32")) for part in (X, y, v))
    optimizer = keras.optimizers.SGD(learning_rate, momentum=0.5)
    optimizer.build(model.trainable_variables)

    @tf.function
    def run(updates):
        totals = tf.TensorArray(tf.float32, size=updates)
        for t in tf.range(updates):
            first = (t % per_epoch) * batch_size
            rows = tf.range(first, tf.minimum(first + batch_size, m))
            x_b, y_b, v_b = (tf.gather(part, rows) for part in (X, y, v))
            with tf.GradientTape() as tape:
                value = loss(y_b, model(x_b, training=True), sample_weight=v_b)
                if model.losses:
                    value += tf.add_n(model.losses)
            weights = model.trainable_variables
            optimizer.apply(tape.gradient(value, weights), weights)
            totals = totals.write(t, value * tf.cast(tf.size(rows), tf.float32))
        return totals.stack()

    return run(tf.constant(epochs * per_epoch)).numpy().reshape(epochs, per_epoch).sum(axis=1) / m
