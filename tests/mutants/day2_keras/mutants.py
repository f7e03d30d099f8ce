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


# %% mutant="default_initialisation" cell="wage_net" loses=["test_wage_net"]
# Leaves the hidden kernels to Keras's default, Glorot's initialisation.
def wage_net(n_features, widths, mean_log_wage):
    model = keras.Sequential([keras.Input((n_features,))])
    for width in widths:
        model.add(keras.layers.Dense(width, activation="swish"))
    start = keras.initializers.Constant(mean_log_wage)
    model.add(keras.layers.Dense(1, kernel_initializer="zeros", bias_initializer=start))
    return model


# %% mutant="output_activated" cell="wage_net" loses=["test_wage_net"]
# Gives the output the activation of the hidden layers.
def wage_net(n_features, widths, mean_log_wage):
    model = keras.Sequential([keras.Input((n_features,))])
    for width in widths:
        model.add(keras.layers.Dense(width, activation="swish", kernel_initializer="he_normal"))
    start = keras.initializers.Constant(mean_log_wage)
    model.add(
        keras.layers.Dense(
            1, activation="swish", kernel_initializer="zeros", bias_initializer=start
        )
    )
    return model


# %% mutant="relu_for_swish" cell="wage_net" loses=["test_wage_net"]
# Takes relu, which is nearly the same, for swish.
def wage_net(n_features, widths, mean_log_wage):
    model = keras.Sequential([keras.Input((n_features,))])
    for width in widths:
        model.add(keras.layers.Dense(width, activation="relu", kernel_initializer="he_normal"))
    start = keras.initializers.Constant(mean_log_wage)
    model.add(keras.layers.Dense(1, kernel_initializer="zeros", bias_initializer=start))
    return model


# %% mutant="sector_as_number" cell="default_net" loses=["test_default_net"]
# Feeds the sector's number to the network as if it were a ratio.
def default_net(n_numbers, n_sectors, n_traits, width):
    numbers = keras.Input((n_numbers,))
    sector = keras.Input((), dtype="int32")
    as_number = keras.layers.Reshape((1,))(keras.ops.cast(sector, "float32"))
    joined = keras.layers.Concatenate()([numbers, as_number])
    hidden = keras.layers.Dense(width, activation="relu", name="hidden")(joined)
    deep = keras.layers.Dense(1, name="deep")(hidden)
    wide = keras.layers.Dense(1, use_bias=False, name="wide")(numbers)
    return keras.Model([numbers, sector], keras.layers.Add()([wide, deep]))


# %% mutant="sigmoid_at_the_end" cell="default_net" loses=["test_default_net"]
# Returns probabilities where logits are asked for.
def default_net(n_numbers, n_sectors, n_traits, width):
    numbers = keras.Input((n_numbers,))
    sector = keras.Input((), dtype="int32")
    traits = keras.layers.Embedding(n_sectors, n_traits, name="traits")(sector)
    joined = keras.layers.Concatenate()([numbers, traits])
    hidden = keras.layers.Dense(width, activation="relu", name="hidden")(joined)
    deep = keras.layers.Dense(1, name="deep")(hidden)
    wide = keras.layers.Dense(1, use_bias=False, name="wide")(numbers)
    return keras.Model([numbers, sector], keras.ops.sigmoid(wide + deep))


# %% mutant="traits_first" cell="default_net" loses=["test_default_net"]
# Puts the traits before the ratios.
def default_net(n_numbers, n_sectors, n_traits, width):
    numbers = keras.Input((n_numbers,))
    sector = keras.Input((), dtype="int32")
    traits = keras.layers.Embedding(n_sectors, n_traits, name="traits")(sector)
    joined = keras.layers.Concatenate()([traits, numbers])
    hidden = keras.layers.Dense(width, activation="relu", name="hidden")(joined)
    deep = keras.layers.Dense(1, name="deep")(hidden)
    wide = keras.layers.Dense(1, use_bias=False, name="wide")(numbers)
    return keras.Model([numbers, sector], keras.layers.Add()([wide, deep]))


# %% mutant="default_from_logits" cell="compile" loses=["test_compile"]
# Forgets that the model returns logits.
def compile_ratings(model, learning_rate):
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate),
        loss=keras.losses.SparseCategoricalCrossentropy(),
        metrics=["accuracy"],
    )
    return model


# %% mutant="one_hot_loss" cell="compile" loses=["test_compile"]
# Takes the loss for rows of zeros with a one.
def compile_ratings(model, learning_rate):
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model


# %% mutant="most_likely" cell="decide" loses=["test_decide"]
# Takes the action that is cheapest for the most likely rating.
def least_cost(model, X, cost):
    chances = keras.ops.softmax(model(X))
    likely = np.argmax(np.asarray(chances), axis=1)
    expected = np.transpose(cost)[likely]
    return np.argmin(expected, axis=1), np.min(expected, axis=1)


# %% mutant="naive_softmax" cell="decide" loses=["test_decide"]
# Writes the softmax out, which overflows for large logits.
def least_cost(model, X, cost):
    grown = np.exp(np.asarray(model(X)))
    chances = grown / grown.sum(axis=1, keepdims=True)
    expected = np.asarray(chances) @ np.transpose(cost)
    return np.argmin(expected, axis=1), np.min(expected, axis=1)


# %% mutant="shares_of_products" cell="ces" loses=["test_ces"]
# Normalises the shares over the products instead of the inputs.
class CES(keras.layers.Layer):
    def __init__(self, units, rho, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.rho = rho

    def build(self, input_shape):
        shape = (input_shape[-1], self.units)
        self.theta = self.add_weight(shape=shape, initializer="zeros", name="theta")
        self.a = self.add_weight(shape=(self.units,), initializer="zeros", name="a")

    def call(self, x):
        shares = keras.ops.softmax(self.theta, axis=-1)
        if self.rho == 0:
            return keras.ops.exp(self.a + keras.ops.log(x) @ shares)
        return keras.ops.exp(self.a) * (x**self.rho @ shares) ** (1 / self.rho)

    def get_config(self):
        return {**super().get_config(), "units": self.units, "rho": self.rho}


# %% mutant="no_cobb_douglas" cell="ces" loses=["test_ces"]
# Has no case for rho = 0.
class CES(keras.layers.Layer):
    def __init__(self, units, rho, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.rho = rho

    def build(self, input_shape):
        shape = (input_shape[-1], self.units)
        self.theta = self.add_weight(shape=shape, initializer="zeros", name="theta")
        self.a = self.add_weight(shape=(self.units,), initializer="zeros", name="a")

    def call(self, x):
        shares = keras.ops.softmax(self.theta, axis=0)
        return keras.ops.exp(self.a) * (x**self.rho @ shares) ** (1 / self.rho)

    def get_config(self):
        return {**super().get_config(), "units": self.units, "rho": self.rho}


# %% mutant="config_without_rho" cell="ces" loses=["test_ces"]
# Forgets rho in the configuration.
class CES(keras.layers.Layer):
    def __init__(self, units, rho, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.rho = rho

    def build(self, input_shape):
        shape = (input_shape[-1], self.units)
        self.theta = self.add_weight(shape=shape, initializer="zeros", name="theta")
        self.a = self.add_weight(shape=(self.units,), initializer="zeros", name="a")

    def call(self, x):
        shares = keras.ops.softmax(self.theta, axis=0)
        if self.rho == 0:
            return keras.ops.exp(self.a + keras.ops.log(x) @ shares)
        return keras.ops.exp(self.a) * (x**self.rho @ shares) ** (1 / self.rho)

    def get_config(self):
        return {**super().get_config(), "units": self.units}


# %% mutant="error_turned" cell="linex" loses=["test_linex"]
# Takes the error as data minus prediction.
class Linex(keras.losses.Loss):
    def __init__(self, a, **kwargs):
        super().__init__(**kwargs)
        self.a = a

    def call(self, y_true, y_pred):
        y_true = keras.ops.reshape(y_true, keras.ops.shape(y_pred))
        scaled = self.a * (y_true - y_pred)
        return keras.ops.mean(keras.ops.exp(scaled) - scaled - 1, axis=1)

    def get_config(self):
        return {**super().get_config(), "a": self.a}


# %% mutant="vector_against_column" cell="linex" loses=["test_linex"]
# Subtracts y as it comes, (m,) from (m, 1).
class Linex(keras.losses.Loss):
    def __init__(self, a, **kwargs):
        super().__init__(**kwargs)
        self.a = a

    def call(self, y_true, y_pred):
        scaled = self.a * (y_pred - y_true)
        return keras.ops.mean(keras.ops.exp(scaled) - scaled - 1, axis=1)

    def get_config(self):
        return {**super().get_config(), "a": self.a}


# %% mutant="waits_in_total" cell="callback" loses=["test_callback"]
# Counts epochs without improvement in total, not in a row.
class PlateauStop(keras.callbacks.Callback):
    def __init__(self, patience, factor, min_rate):
        super().__init__()
        self.patience, self.factor, self.min_rate = patience, factor, min_rate

    def on_train_begin(self, logs=None):
        self.best, self.waited, self.rates = float("inf"), 0, []

    def on_epoch_end(self, epoch, logs=None):
        rate = float(self.model.optimizer.learning_rate)
        self.rates.append(rate)
        if logs["val_loss"] < self.best:
            self.best = logs["val_loss"]
            self.best_weights = self.model.get_weights()
            return
        self.waited += 1
        if self.waited == self.patience:
            self.waited = 0
            if rate * self.factor < self.min_rate:
                self.model.stop_training = True
                self.model.set_weights(self.best_weights)
            else:
                self.model.optimizer.learning_rate = rate * self.factor


# %% mutant="last_weights" cell="callback" loses=["test_callback"]
# Stops without giving the best weights back.
class PlateauStop(keras.callbacks.Callback):
    def __init__(self, patience, factor, min_rate):
        super().__init__()
        self.patience, self.factor, self.min_rate = patience, factor, min_rate

    def on_train_begin(self, logs=None):
        self.best, self.waited, self.rates = float("inf"), 0, []

    def on_epoch_end(self, epoch, logs=None):
        rate = float(self.model.optimizer.learning_rate)
        self.rates.append(rate)
        if logs["val_loss"] < self.best:
            self.best, self.waited = logs["val_loss"], 0
            self.best_weights = self.model.get_weights()
            return
        self.waited += 1
        if self.waited == self.patience:
            self.waited = 0
            if rate * self.factor < self.min_rate:
                self.model.stop_training = True
            else:
                self.model.optimizer.learning_rate = rate * self.factor


# %% mutant="never_afresh" cell="callback" loses=["test_callback"]
# Sets its attributes in the constructor, so a second training goes on from the first.
class PlateauStop(keras.callbacks.Callback):
    def __init__(self, patience, factor, min_rate):
        super().__init__()
        self.patience, self.factor, self.min_rate = patience, factor, min_rate
        self.best, self.waited, self.rates = float("inf"), 0, []

    def on_epoch_end(self, epoch, logs=None):
        rate = float(self.model.optimizer.learning_rate)
        self.rates.append(rate)
        if logs["val_loss"] < self.best:
            self.best, self.waited = logs["val_loss"], 0
            self.best_weights = self.model.get_weights()
            return
        self.waited += 1
        if self.waited == self.patience:
            self.waited = 0
            if rate * self.factor < self.min_rate:
                self.model.stop_training = True
                self.model.set_weights(self.best_weights)
            else:
                self.model.optimizer.learning_rate = rate * self.factor


# %% mutant="drops_remainder" cell="graph" loses=["test_graph"]
# Takes whole batches only.
def train_in_graph(model, loss, learning_rate, X, y, v, batch_size, epochs):
    m = len(X)
    X, y, v = (tf.constant(data, tf.float32) for data in (X, y, v))
    variables = model.trainable_variables
    optimizer = keras.optimizers.SGD(learning_rate, momentum=0.5)
    optimizer.build(variables)

    @tf.function
    def run():
        history = tf.TensorArray(tf.float32, size=epochs)
        for epoch in tf.range(epochs):
            total = tf.constant(0.0)
            for first in tf.range(0, m - batch_size + 1, batch_size):
                rows = slice(first, first + batch_size)
                with tf.GradientTape() as tape:
                    value = loss(y[rows], model(X[rows], training=True), sample_weight=v[rows])
                    value += sum(model.losses)
                optimizer.apply(tape.gradient(value, variables), variables)
                total += value * tf.cast(tf.shape(v[rows])[0], tf.float32)
            history = history.write(epoch, total / m)
        return history.stack()

    return run().numpy()


# %% mutant="plain_mean" cell="graph" loses=["test_graph"]
# Averages the batches' losses whatever their size.
def train_in_graph(model, loss, learning_rate, X, y, v, batch_size, epochs):
    m = len(X)
    X, y, v = (tf.constant(data, tf.float32) for data in (X, y, v))
    variables = model.trainable_variables
    optimizer = keras.optimizers.SGD(learning_rate, momentum=0.5)
    optimizer.build(variables)

    @tf.function
    def run():
        history = tf.TensorArray(tf.float32, size=epochs)
        for epoch in tf.range(epochs):
            total = tf.constant(0.0)
            for first in tf.range(0, m, batch_size):
                rows = slice(first, first + batch_size)
                with tf.GradientTape() as tape:
                    value = loss(y[rows], model(X[rows], training=True), sample_weight=v[rows])
                    value += sum(model.losses)
                optimizer.apply(tape.gradient(value, variables), variables)
                total += value
            history = history.write(epoch, total / tf.math.ceil(m / batch_size))
        return history.stack()

    return run().numpy()


# %% mutant="without_penalties" cell="graph" loses=["test_graph"]
# Leaves out the penalties of the layers.
def train_in_graph(model, loss, learning_rate, X, y, v, batch_size, epochs):
    m = len(X)
    X, y, v = (tf.constant(data, tf.float32) for data in (X, y, v))
    variables = model.trainable_variables
    optimizer = keras.optimizers.SGD(learning_rate, momentum=0.5)
    optimizer.build(variables)

    @tf.function
    def run():
        history = tf.TensorArray(tf.float32, size=epochs)
        for epoch in tf.range(epochs):
            total = tf.constant(0.0)
            for first in tf.range(0, m, batch_size):
                rows = slice(first, first + batch_size)
                with tf.GradientTape() as tape:
                    value = loss(y[rows], model(X[rows], training=True), sample_weight=v[rows])
                optimizer.apply(tape.gradient(value, variables), variables)
                total += value * tf.cast(tf.shape(v[rows])[0], tf.float32)
            history = history.write(epoch, total / m)
        return history.stack()

    return run().numpy()


# %% mutant="not_training" cell="graph" loses=["test_graph"]
# Runs the model as for prediction.
def train_in_graph(model, loss, learning_rate, X, y, v, batch_size, epochs):
    m = len(X)
    X, y, v = (tf.constant(data, tf.float32) for data in (X, y, v))
    variables = model.trainable_variables
    optimizer = keras.optimizers.SGD(learning_rate, momentum=0.5)
    optimizer.build(variables)

    @tf.function
    def run():
        history = tf.TensorArray(tf.float32, size=epochs)
        for epoch in tf.range(epochs):
            total = tf.constant(0.0)
            for first in tf.range(0, m, batch_size):
                rows = slice(first, first + batch_size)
                with tf.GradientTape() as tape:
                    value = loss(y[rows], model(X[rows]), sample_weight=v[rows])
                    value += sum(model.losses)
                optimizer.apply(tape.gradient(value, variables), variables)
                total += value * tf.cast(tf.shape(v[rows])[0], tf.float32)
            history = history.write(epoch, total / m)
        return history.stack()

    return run().numpy()


# %% mutant="eager_loop" cell="graph" loses=["test_graph"]
# Loops in Python, without a graph.
def train_in_graph(model, loss, learning_rate, X, y, v, batch_size, epochs):
    m = len(X)
    X, y, v = (tf.constant(data, tf.float32) for data in (X, y, v))
    variables = model.trainable_variables
    optimizer = keras.optimizers.SGD(learning_rate, momentum=0.5)
    optimizer.build(variables)

    def run():
        history = tf.TensorArray(tf.float32, size=epochs)
        for epoch in range(epochs):
            total = tf.constant(0.0)
            for first in range(0, m, batch_size):
                rows = slice(first, first + batch_size)
                with tf.GradientTape() as tape:
                    value = loss(y[rows], model(X[rows], training=True), sample_weight=v[rows])
                    value += sum(model.losses)
                optimizer.apply(tape.gradient(value, variables), variables)
                total += value * tf.cast(tf.shape(v[rows])[0], tf.float32)
            history = history.write(epoch, total / m)
        return history.stack()

    return run().numpy()


# %% mutant="forgets_scaling" cell="bundle" loses=["test_bundle"]
# Loads the model and applies it to raw features.
def save_bundle(folder, model, mean, std):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    model.save(folder / "model.keras")
    np.savez(folder / "scaling.npz", mean=mean, std=std)


def load_bundle(folder):
    model = keras.models.load_model(Path(folder) / "model.keras")
    scaling = np.load(Path(folder) / "scaling.npz")
    mean, std = scaling["mean"], scaling["std"]
    return lambda X: np.asarray(model(X))


# %% mutant="one_file_for_all" cell="bundle" loses=["test_bundle"]
# Writes the scaling beside the notebook, under the same name for all bundles.
def save_bundle(folder, model, mean, std):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    model.save(folder / "model.keras")
    np.savez("scaling.npz", mean=mean, std=std)


def load_bundle(folder):
    model = keras.models.load_model(Path(folder) / "model.keras")
    scaling = np.load("scaling.npz")
    mean, std = scaling["mean"], scaling["std"]
    return lambda X: np.asarray(model((X - mean) / std))


# %% mutant="he_uniform" cell="wage_net" loses=["test_wage_net"]
# Draws the kernels from He's uniform distribution.
def wage_net(n_features, widths, mean_log_wage):
    model = keras.Sequential([keras.Input((n_features,))])
    for width in widths:
        model.add(keras.layers.Dense(width, activation="swish", kernel_initializer="he_uniform"))
    start = keras.initializers.Constant(mean_log_wage)
    model.add(keras.layers.Dense(1, kernel_initializer="zeros", bias_initializer=start))
    return model


# %% mutant="adam_with_decay" cell="compile" loses=["test_compile"]
# Takes AdamW, which Keras counts as a kind of Adam.
def compile_ratings(model, learning_rate):
    model.compile(
        optimizer=keras.optimizers.AdamW(learning_rate),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model


# %% mutant="adam_without_momentum" cell="compile" loses=["test_compile"]
# Sets β₁ to 0, takes amsgrad and clips the gradients.
def compile_ratings(model, learning_rate):
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate, beta_1=0.0, amsgrad=True, clipnorm=1.0),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model


# %% mutant="compile_and_fit" cell="graph" loses=["test_graph"]
# Lets Keras's fit do the whole question.
def train_in_graph(model, loss, learning_rate, X, y, v, batch_size, epochs):
    model.compile(keras.optimizers.SGD(learning_rate, momentum=0.5), loss)
    history = model.fit(
        np.asarray(X),
        np.asarray(y),
        sample_weight=np.asarray(v),
        batch_size=batch_size,
        epochs=epochs,
        shuffle=False,
        verbose=0,
    )
    return np.array(history.history["loss"])


# %% mutant="scaling_in_memory" cell="bundle" loses=["test_bundle"]
# Keeps the scaling in a dict of the notebook, and in no file.
SCALINGS = {}


def save_bundle(folder, model, mean, std):
    Path(folder).mkdir(parents=True, exist_ok=True)
    model.save(Path(folder) / "model.keras")
    SCALINGS[str(folder)] = np.array(mean), np.array(std)
    (Path(folder) / "scaling.txt").write_text(str(folder))


def load_bundle(folder):
    model = keras.models.load_model(Path(folder) / "model.keras")
    mean, std = SCALINGS[str(folder)]
    return lambda X: np.asarray(model((X - mean) / std))
