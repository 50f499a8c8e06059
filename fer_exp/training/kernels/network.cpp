// Forward and backward through a network on one thread of a processor. `compiled.py` compiles and calls it.
//
// Matrices lie row by row. REAL is float; the tests take double too, where rounding hides nothing.

#include <cmath>
#include <cstdint>

typedef REAL Real;
typedef std::int64_t Size;

// What one instruction takes, 16 floats of AVX-512; GCC and Clang add and multiply such vectors as numbers.
typedef Real Vector __attribute__((vector_size(64), aligned(sizeof(Real)), may_alias));
constexpr Size LANES = sizeof(Vector) / sizeof(Real);

static inline Vector load(const Real *from) { return *(const Vector *)from; }
static inline void store(Real *to, Vector what) { *(Vector *)to = what; }

// ------------------------------------------------------------------------------------------ products
//
// A tile of the result is kept in registers while one pass goes along what is summed over: 24 of the 32
// vectors there are, so that 24 sums are under way and each number loaded serves four or six of them.

// The sum of all lanes, by halves.
template <int BYTES = sizeof(Vector)> static inline Real total(const Real *lanes) {
    typedef Real Half __attribute__((vector_size(BYTES / 2), aligned(sizeof(Real)), may_alias));
    constexpr int COUNT = BYTES / 2 / sizeof(Real);
    const Half sum = *(const Half *)lanes + *(const Half *)(lanes + COUNT);
    return total<BYTES / 2>((const Real *)&sum);
}
template <> inline Real total<2 * sizeof(Real)>(const Real *lanes) { return lanes[0] + lanes[1]; }

// out[i, j] = sum over k of x[i, k] w[j, k], plus bias[j]: one tile of ROWS x COLUMNS.
template <int ROWS, int COLUMNS>
static inline void affine_tile(const Real *x, const Real *w, const Real *bias, Real *out, Size n, Size k) {
    Vector sums[ROWS][COLUMNS] = {};
    for (Size at = 0; at < k; at += LANES)
#pragma GCC unroll 8
        for (int i = 0; i < ROWS; i++)
#pragma GCC unroll 8
            for (int j = 0; j < COLUMNS; j++)
                sums[i][j] += load(x + i * k + at) * load(w + j * k + at);
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < COLUMNS; j++) {
            out[i * n + j] = bias[j] + total((const Real *)&sums[i][j]);
        }
}

template <int COLUMNS>
static inline void affine_columns(const Real *x, const Real *w, const Real *bias, Real *out, Size m, Size n,
                                  Size k) {
    Size i = 0;
    for (; i + 4 <= m; i += 4)
        affine_tile<4, COLUMNS>(x + i * k, w, bias, out + i * n, n, k);
    for (; i < m; i++)
        affine_tile<1, COLUMNS>(x + i * k, w, bias, out + i * n, n, k);
}

// out [m, n] = x [m, k] w^T + bias, w [n, k]; k a multiple of LANES.
extern "C" void affine(const Real *x, const Real *w, const Real *bias, Real *out, Size m, Size n, Size k) {
    Size j = 0;
    for (; j + 6 <= n; j += 6)
        affine_columns<6>(x, w + j * k, bias + j, out + j, m, n, k);
    for (; j < n; j++)
        affine_columns<1>(x, w + j * k, bias + j, out + j, m, n, k);
}

// out[i, v] = sum over k of a[i, k] b[k, v]: one tile of ROWS x VECTORS. a[i, k] lies at i * down + k * along.
template <int ROWS, int VECTORS>
static inline void product_tile(const Real *a, Size down, Size along, const Real *b, Real *out, Size n,
                                Size k) {
    Vector sums[ROWS][VECTORS] = {};
    for (Size at = 0; at < k; at++)
#pragma GCC unroll 8
        for (int i = 0; i < ROWS; i++)
#pragma GCC unroll 8
            for (int v = 0; v < VECTORS; v++)
                sums[i][v] += a[i * down + at * along] * load(b + at * n + v * LANES);
#pragma GCC unroll 8
    for (int i = 0; i < ROWS; i++)
#pragma GCC unroll 8
        for (int v = 0; v < VECTORS; v++)
            store(out + i * n + v * LANES, sums[i][v]);
}

template <int VECTORS>
static inline void product_columns(const Real *a, Size down, Size along, const Real *b, Real *out, Size m,
                                   Size n, Size k) {
    Size i = 0;
    for (; i + 4 <= m; i += 4)
        product_tile<4, VECTORS>(a + i * down, down, along, b, out + i * n, n, k);
    for (; i < m; i++)
        product_tile<1, VECTORS>(a + i * down, down, along, b, out + i * n, n, k);
}

// out [m, n] = a [m, k] b [k, n]; n a multiple of LANES. a[i, k] lies at i * down + k * along.
extern "C" void product(const Real *a, Size down, Size along, const Real *b, Real *out, Size m, Size n,
                        Size k) {
    Size j = 0;
    for (; j + 6 * LANES <= n; j += 6 * LANES)
        product_columns<6>(a, down, along, b + j, out + j, m, n, k);
    for (; j + 2 * LANES <= n; j += 2 * LANES)
        product_columns<2>(a, down, along, b + j, out + j, m, n, k);
    for (; j < n; j += LANES)
        product_columns<1>(a, down, along, b + j, out + j, m, n, k);
}

// ------------------------------------------------------------------------------------------ pictures

// out [m, n]: the pictures at `places` [m] of pixels [., n], each pixel less its shift, times its scale.
static void gather(const std::uint8_t *pixels, const Size *places, const Real *__restrict shift,
                   const Real *__restrict scale, Real *__restrict out, Size m, Size n) {
    for (Size i = 0; i < m; i++) {
        const std::uint8_t *picture = pixels + places[i] * n;
        for (Size j = 0; j < n; j++)
            out[i * n + j] = (Real(picture[j]) - shift[j]) * scale[j];
    }
}

// ------------------------------------------------------------------------------------------ network

// A linear layer and what follows it: but for the last layer ReLU, y = max(x, 0), and dropout, y = x kept.
struct Layer {
    const Real *weight, *bias;         // [n_out, n_in], [n_out]
    Real *weight_slope, *bias_slope;   // the same of the loss's slopes
    const Real *kept;                  // [m, n_out], or null where nothing is dropped
    Real *leaving, *slope;             // [m, n_out]: what leaves, and the loss's slope by what the weights give
    Size n_in, n_out;
};

// y <- max(y, 0) kept, of n numbers
static void activate(Real *__restrict y, const Real *__restrict kept, Size n) {
    for (Size i = 0; i < n; i++)
        // what is not a number stays it, for the loop to see
        y[i] = y[i] < 0 ? 0 : y[i];
    for (Size i = 0; kept && i < n; i++)
        y[i] *= kept[i];
}

// s <- s kept where y > 0, else 0
static void activate_backwards(Real *__restrict s, const Real *__restrict y, const Real *__restrict kept,
                               Size n) {
    for (Size i = 0; i < n; i++)
        s[i] = y[i] <= 0 ? 0 : s[i];
    for (Size i = 0; kept && i < n; i++)
        s[i] *= kept[i];
}

// out [n]: the sums of the columns of s [m, n]
static void sum_rows(const Real *__restrict s, Real *__restrict out, Size m, Size n) {
    for (Size j = 0; j < n; j++)
        out[j] = 0;
    for (Size i = 0; i < m; i++)
        for (Size j = 0; j < n; j++)
            out[j] += s[i * n + j];
}

// The slope of the mean cross-entropy by the logits that leave: (softmax - target) / m.
static void cross_entropy(const Layer &last, const Real *targets, const Size *places, Size m) {
    const Size n = last.n_out;
    for (Size i = 0; i < m; i++) {
        const Real *logits = last.leaving + i * n, *target = targets + places[i] * n;
        Real *slope = last.slope + i * n;
        Real largest = logits[0], sum = 0;
        for (Size j = 1; j < n; j++)
            largest = logits[j] > largest ? logits[j] : largest;
        for (Size j = 0; j < n; j++)
            sum += slope[j] = std::exp(logits[j] - largest);
        for (Size j = 0; j < n; j++)
            slope[j] = (slope[j] / sum - target[j]) / Real(m);
    }
}

// Fills the slopes of the mean cross-entropy by all weights, of the m pictures at `places` with their rows of
// `targets`; the last layer's `leaving` then holds the logits, `inputs` [m, n_in] the normalised pictures.
extern "C" void backpropagate(const Layer *layers, Size depth, const std::uint8_t *pixels, const Size *places,
                              const Real *shift, const Real *scale, Real *inputs, const Real *targets,
                              Size m) {
    gather(pixels, places, shift, scale, inputs, m, layers[0].n_in);
    for (Size at = 0; at < depth; at++) {
        const Layer &layer = layers[at];
        const Real *entering = at ? layers[at - 1].leaving : inputs;
        affine(entering, layer.weight, layer.bias, layer.leaving, m, layer.n_out, layer.n_in);
        if (at < depth - 1)
            activate(layer.leaving, layer.kept, m * layer.n_out);
    }
    cross_entropy(layers[depth - 1], targets, places, m);
    for (Size at = depth - 1; at >= 0; at--) {
        const Layer &layer = layers[at];
        const Real *entering = at ? layers[at - 1].leaving : inputs;
        const Size n = layer.n_out;
        product(layer.slope, 1, n, entering, layer.weight_slope, n, layer.n_in, m);
        sum_rows(layer.slope, layer.bias_slope, m, n);
        if (at) {
            const Layer &below = layers[at - 1];
            product(layer.slope, n, 1, layer.weight, below.slope, m, layer.n_in, n);
            activate_backwards(below.slope, below.leaving, below.kept, m * below.n_out);
        }
    }
}
