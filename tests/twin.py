"""An independent transformer in plain numpy, float64, written from the published formulas and nothing else.

It shares no code with the package: absolute rotary positions instead of relative ones, explicit loops over time,
layers, heads and lags, and the exported arrays as a plain dictionary.
"""

import numpy as np

LAYERED = ("resid_pre", "resid_mid", "resid_post", "pattern", "z", "pre", "post")
KEYS = ("embed", "carry", "final", *LAYERED)


def _rotate(vector, position):
    angle = float(position)
    x, y = vector[0], vector[1]
    turned = vector.copy()
    turned[0] = np.cos(angle) * x - np.sin(angle) * y
    turned[1] = np.sin(angle) * x + np.cos(angle) * y
    return turned


def _softmax(scores):
    powers = np.exp(scores - np.max(scores))
    return powers / powers.sum()


class Twin:
    """Takes one step after the other; remembers its carry and all past keys and values."""

    def __init__(self, arrays, window=16):
        self.w = {name: np.asarray(array, np.float64) for name, array in arrays.items()}
        self.window, self.t = window, 0
        self.carry = self.w["r_0"] @ self.w["W_R"]
        layers, heads, _, _ = self.w["W_Q"].shape
        self.history = [[[] for _ in range(heads)] for _ in range(layers)]

    def step(self, x_in, carry=None):
        """Return the outputs [n_out] and a dictionary of activations."""
        w = self.w
        self.carry = self.carry if carry is None else np.asarray(carry, np.float64)
        embed = np.asarray(x_in, np.float64) @ w["W_E"] + w["b_E"]
        seen = {"embed": embed, "carry": self.carry, **{name: [] for name in LAYERED}}
        x = embed + self.carry
        for layer in range(len(self.history)):
            x = self._layer(layer, x, seen)
        seen["final"] = x
        self.carry, self.t = x @ w["W_R"], self.t + 1
        return x @ w["W_U"] + w["b_U"], seen

    def _layer(self, layer, x, seen):
        w = self.w
        seen["resid_pre"].append(x)
        attended = [self._head(layer, head, x) for head in range(len(self.history[layer]))]
        seen["pattern"].append([pattern for pattern, _ in attended])
        seen["z"].append([z for _, z in attended])
        x = x + w["b_O"][layer] + sum(z @ w["W_O"][layer, head] for head, (_, z) in enumerate(attended))
        seen["resid_mid"].append(x)
        pre = x @ w["W_in"][layer] + w["b_in"][layer]
        post = np.where(pre > 0, pre, 0.0)
        seen["pre"].append(pre)
        seen["post"].append(post)
        x = x + post @ w["W_out"][layer] + w["b_out"][layer]
        seen["resid_post"].append(x)
        return x

    def _head(self, layer, head, x):
        w, at = self.w, (layer, head)
        past = self.history[layer][head]
        q = x @ w["W_Q"][at] + w["b_Q"][at]
        past.append((x @ w["W_K"][at] + w["b_K"][at], x @ w["W_V"][at] + w["b_V"][at]))
        before = (w["r_0"] @ w["W_K"][at] + w["b_K"][at], w["r_0"] @ w["W_V"][at] + w["b_V"][at])
        scores, values = [], []
        for s in range(self.t, self.t - self.window, -1):
            k, v = past[s] if s >= 0 else before
            scores.append(_rotate(q, self.t) @ _rotate(k, s) / np.sqrt(len(q)))
            values.append(v)
        pattern = _softmax(np.array(scores))
        return pattern, sum(p * v for p, v in zip(pattern, values, strict=True))


def twin(arrays, inputs, window=16, carries=None):
    """Run one sequence [time, n_in]; give outputs [time, n_out] and a dictionary of activations."""
    whole = Twin(arrays, window)
    steps = [whole.step(now, None if carries is None else carries[t]) for t, now in enumerate(inputs)]
    return np.array([out for out, _ in steps]), {name: np.array([seen[name] for _, seen in steps]) for name in KEYS}
