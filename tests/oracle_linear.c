/* Dense linear algebra in long double: exponentials by squaring, elimination, stationary laws. */
#include "oracle.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void oracle_multiply(size_t n, const Real *a, const Real *b, Real *c) {
    Real *columns = oracle_allocate(n * n, sizeof(Real)); /* b transposed: both factors are read in order */
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            columns[j * n + i] = b[i * n + j];
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            const Real *row = a + i * n, *column = columns + j * n;
            Real even = 0, odd = 0;
            for (size_t k = 0; k + 1 < n; k += 2) {
                even += row[k] * column[k];
                odd += row[k + 1] * column[k + 1];
            }
            if (n % 2 == 1)
                even += row[n - 1] * column[n - 1];
            c[i * n + j] = even + odd;
        }
    free(columns);
}

void oracle_advance(size_t n, const Real *p, const Real *matrix, Real *q) {
    for (size_t t = 0; t < n; t++)
        q[t] = 0;
    for (size_t s = 0; s < n; s++)
        for (size_t t = 0; t < n; t++)
            q[t] += p[s] * matrix[s * n + t];
}

/* term <- factor * term (they commute: term is a power of factor), skipping the zeros of a sparse factor. */
static void multiply_sparse(size_t n, Real *term, const Real *factor, Real *scratch) {
    memset(scratch, 0, n * n * sizeof(Real));
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++) {
            Real f = factor[i * n + k];
            if (f == 0)
                continue;
            for (size_t j = 0; j < n; j++)
                scratch[i * n + j] += f * term[k * n + j];
        }
    memcpy(term, scratch, n * n * sizeof(Real));
}

/* sum over k of h^k/k! factor^k, to long double precision; |h factor| is at most about 1/2. */
static void taylor(size_t n, const Real *factor, Real h, Real *out) {
    Real *term = oracle_allocate(n * n, sizeof(Real)), *scratch = oracle_allocate(n * n, sizeof(Real));
    for (size_t i = 0; i < n; i++)
        term[i * n + i] = 1;
    memcpy(out, term, n * n * sizeof(Real));
    for (int k = 1; k <= 24; k++) {
        multiply_sparse(n, term, factor, scratch);
        for (size_t i = 0; i < n * n; i++) {
            term[i] *= h / k;
            out[i] += term[i];
        }
    }
    free(term);
    free(scratch);
}

static void normalise_rows(size_t n, Real *matrix) {
    for (size_t i = 0; i < n; i++) {
        Real sum = 0;
        for (size_t j = 0; j < n; j++)
            sum += matrix[i * n + j];
        for (size_t j = 0; j < n; j++)
            matrix[i * n + j] /= sum;
    }
}

static int squarings_for(Real size) {
    int squarings = 0;
    for (; size > 0.5L; size /= 2)
        squarings++;
    return squarings;
}

static void square(size_t n, Real *matrix, int times, bool stochastic) {
    Real *product = oracle_allocate(n * n, sizeof(Real));
    for (; times > 0; times--) {
        oracle_multiply(n, matrix, matrix, product);
        memcpy(matrix, product, n * n * sizeof(Real));
        if (stochastic)
            normalise_rows(n, matrix);
    }
    free(product);
}

void oracle_exponential(size_t n, const Real *generator, Real t, Real *out) {
    Real uniform = 0; /* Lambda: L + Lambda has no negative entry, so no term of the series has one */
    for (size_t i = 0; i < n; i++)
        uniform = fmaxl(uniform, -generator[i * n + i]);
    Real *positive = oracle_allocate(n * n, sizeof(Real));
    memcpy(positive, generator, n * n * sizeof(Real));
    for (size_t i = 0; i < n; i++)
        positive[i * n + i] += uniform;
    int squarings = squarings_for(uniform * t);
    taylor(n, positive, ldexpl(t, -squarings), out); /* exp(-Lambda h) is a factor that normalising removes */
    normalise_rows(n, out);
    square(n, out, squarings, true);
    free(positive);
}

void oracle_exponential_general(size_t n, const Real *matrix, Real t, Real *out) {
    Real norm = 0;
    for (size_t i = 0; i < n; i++) {
        Real sum = 0;
        for (size_t j = 0; j < n; j++)
            sum += fabsl(matrix[i * n + j]);
        norm = fmaxl(norm, sum);
    }
    int squarings = squarings_for(norm * t);
    taylor(n, matrix, ldexpl(t, -squarings), out);
    square(n, out, squarings, false);
}

bool oracle_solve(size_t n, Real *a, Real *b) {
    for (size_t k = 0; k < n; k++) {
        size_t pivot = k;
        for (size_t i = k + 1; i < n; i++)
            if (fabsl(a[i * n + k]) > fabsl(a[pivot * n + k]))
                pivot = i;
        if (a[pivot * n + k] == 0)
            return false;
        for (size_t j = 0; j < n; j++) {
            Real swapped = a[k * n + j];
            a[k * n + j] = a[pivot * n + j];
            a[pivot * n + j] = swapped;
        }
        Real swapped = b[k];
        b[k] = b[pivot];
        b[pivot] = swapped;
        for (size_t i = k + 1; i < n; i++) {
            Real factor = a[i * n + k] / a[k * n + k];
            if (factor == 0)
                continue;
            for (size_t j = k; j < n; j++)
                a[i * n + j] -= factor * a[k * n + j];
            b[i] -= factor * b[k];
        }
    }
    for (size_t k = n; k-- > 0;) {
        for (size_t j = k + 1; j < n; j++)
            b[k] -= a[k * n + j] * b[j];
        b[k] /= a[k * n + k];
    }
    return true;
}

/* Mark every state that can be reached from `from` (forward), or that can reach it; returns how many. */
static size_t reach(size_t n, const unsigned char *possible, size_t from, bool forward,
                    unsigned char *marked) {
    size_t *stack = oracle_allocate(n, sizeof(size_t));
    size_t depth = 0, count = 1;
    memset(marked, 0, n);
    marked[from] = 1;
    stack[depth++] = from;
    while (depth > 0) {
        size_t s = stack[--depth];
        for (size_t t = 0; t < n; t++) {
            if (marked[t] || !(forward ? possible[s * n + t] : possible[t * n + s]))
                continue;
            marked[t] = 1;
            count++;
            stack[depth++] = t;
        }
    }
    free(stack);
    return count;
}

/* The members of the one recurrent class, which is all that can be reached from a state that every state
 * reaches. Returns its size; 0: no state is reached by all, so there are several classes. */
static size_t recurrent_class(size_t n, const unsigned char *possible, size_t *members) {
    unsigned char *marked = oracle_allocate(n, 1);
    size_t hub = 0, count = 0;
    while (hub < n && reach(n, possible, hub, false, marked) < n)
        hub++;
    if (hub < n) {
        reach(n, possible, hub, true, marked);
        for (size_t s = 0; s < n; s++)
            if (marked[s])
                members[count++] = s;
    }
    free(marked);
    return count;
}

/* Grassmann, Taksar and Heyman: elimination of an irreducible chain without a subtraction. */
static void eliminate(size_t n, Real *rates, Real *pi) {
    for (size_t k = n; k-- > 1;) {
        Real out = 0;
        for (size_t j = 0; j < k; j++)
            out += rates[k * n + j];
        for (size_t i = 0; i < k; i++) {
            Real factor = rates[i * n + k] /= out;
            if (factor == 0)
                continue;
            for (size_t j = 0; j < k; j++)
                rates[i * n + j] += factor * rates[k * n + j];
        }
    }
    Real total = pi[0] = 1;
    for (size_t k = 1; k < n; k++) {
        pi[k] = 0;
        for (size_t i = 0; i < k; i++)
            pi[k] += pi[i] * rates[i * n + k];
        total += pi[k];
    }
    for (size_t k = 0; k < n; k++)
        pi[k] /= total;
}

bool oracle_stationary(size_t n, const Real *generator, const unsigned char *possible, Real *pi) {
    unsigned char *positive = oracle_allocate(n * n, 1);
    for (size_t i = 0; i < n * n; i++)
        positive[i] = possible != NULL ? possible[i] : generator[i] > 0;
    size_t *members = oracle_allocate(n, sizeof(size_t));
    size_t count = recurrent_class(n, positive, members);
    Real *rates = oracle_allocate(count * count, sizeof(Real)), *law = oracle_allocate(count, sizeof(Real));
    for (size_t a = 0; a < count; a++)
        for (size_t b = 0; b < count; b++)
            rates[a * count + b] = generator[members[a] * n + members[b]];
    if (count > 0)
        eliminate(count, rates, law);
    for (size_t s = 0; s < n; s++)
        pi[s] = 0;
    for (size_t a = 0; a < count; a++)
        pi[members[a]] = law[a];
    free(law);
    free(rates);
    free(members);
    free(positive);
    return count > 0;
}

bool oracle_chain_stationary(const OracleChain *chain, Real *pi) {
    size_t n = chain->states;
    unsigned char *possible = oracle_allocate(n * n, 1);
    for (size_t c = 0; c < chain->channel_count; c++)
        for (size_t s = 0; s < n; s++)
            if (chain->channels[c].log_rate[s] > -INFINITY)
                possible[s * n + (s ^ (size_t)1 << chain->channels[c].node)] = 1;
    Real *generator = oracle_generator(chain);
    bool unique = oracle_stationary(n, generator, possible, pi);
    free(generator);
    free(possible);
    return unique;
}
