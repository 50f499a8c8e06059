// Optimizers, a pass over all weights each. `compiled.py` compiles and calls them.
//
// p: n weights; g: their slopes; the others: what the optimizer keeps of each. `decay` draws weights to zero.
// What two numbers of the options make is computed in double by the caller. REAL is float, in tests double too.

#include <cmath>
#include <cstdint>

typedef REAL Real;
typedef std::int64_t Size;

#define EACH for (Size i = 0; i < n; i++)
typedef Real *__restrict Kept;

// b <- momentum b + rest g, p <- p - lr (b by_kept + g by_slope)
extern "C" void sgd_momentum(Kept p, const Real *__restrict g, Kept b, Size n, Real decay, Real momentum,
                             Real rest, Real by_kept, Real by_slope) {
    EACH {
        const Real slope = g[i] + decay * p[i];
        b[i] = momentum * b[i] + rest * slope;
        p[i] -= by_kept * b[i] + by_slope * slope;
    }
}

// p <- p - lr g
extern "C" void sgd(Kept p, const Real *__restrict g, Size n, Real decay, Real lr) {
    EACH p[i] -= lr * (g[i] + decay * p[i]);
}

// p <- keep p - lr sign(b m + rest_b g), m <- c m + rest_c g
extern "C" void lion(Kept p, const Real *__restrict g, Kept m, Size n, Real keep, Real lr, Real b, Real rest_b,
                     Real c, Real rest_c) {
    EACH {
        const Real way = b * m[i] + rest_b * g[i];
        p[i] = keep * p[i] - lr * (Real(way > 0) - Real(way < 0));
        m[i] = c * m[i] + rest_c * g[i];
    }
}

// v <- a v + rest g^2, p <- p - lr g / (sqrt(v) + eps): Adagrad with a = rest = 1, RMSprop with rest = 1 - a
extern "C" void root_mean_square(Kept p, const Real *__restrict g, Kept v, Size n, Real decay, Real a,
                                 Real rest, Real lr, Real eps) {
    EACH {
        const Real slope = g[i] + decay * p[i];
        v[i] = a * v[i] + rest * slope * slope;
        p[i] -= lr * slope / (std::sqrt(v[i]) + eps);
    }
}

// v <- a v + rest g^2, d = sqrt((u + eps) / (v + eps)) g, u <- a u + rest d^2, p <- p - lr d
extern "C" void adadelta(Kept p, const Real *__restrict g, Kept v, Kept u, Size n, Real decay, Real a,
                         Real rest, Real lr, Real eps) {
    EACH {
        const Real slope = g[i] + decay * p[i];
        v[i] = a * v[i] + rest * slope * slope;
        const Real change = std::sqrt((u[i] + eps) / (v[i] + eps)) * slope;
        u[i] = a * u[i] + rest * change * change;
        p[i] -= lr * change;
    }
}

// m <- b m + rest_b g, v <- c v + rest_c g^2,
// p <- keep p - (by_mean m + by_slope g) / (scale sqrt(v) + eps): Adam, AdamW (keep < 1), NAdam (by_slope > 0)
extern "C" void adam(Kept p, const Real *__restrict g, Kept m, Kept v, Size n, Real decay, Real keep, Real b,
                     Real rest_b, Real c, Real rest_c, Real by_mean, Real by_slope, Real scale, Real eps) {
    EACH {
        const Real slope = g[i] + decay * p[i];
        m[i] = b * m[i] + rest_b * slope;
        v[i] = c * v[i] + rest_c * slope * slope;
        p[i] = keep * p[i] - (by_mean * m[i] + by_slope * slope) / (scale * std::sqrt(v[i]) + eps);
    }
}
