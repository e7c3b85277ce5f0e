#include "instruction_levels.h"
#include "stationary.h"

EPNET_INSTRUCTION_LEVELS(extern, bool, epnet_gth_solve, (size_t n, double *matrix, double *pi),
                         (n, matrix, pi)) {
    /* Remove states from the last: the chain watched only on the states below k has the rates
     * a_st + a_sk a_kt / (sum over r < k of a_kr). */
    for (size_t k = n; k-- > 1;) {
        double *from_k = matrix + k * n, leaving = 0;
        size_t width = k; /* of the row, up to its last rate */
        while (width > 0 && from_k[width - 1] == 0)
            width--;
        for (size_t t = 0; t < width; t++)
            leaving += from_k[t];
        if (!(leaving > 0))
            return false;
        for (size_t s = 0; s < k; s++) {
            double *from_s = matrix + s * n;
            const double share = from_s[k] / leaving;
            from_s[k] = share;
            if (share == 0)
                continue;
            for (size_t t = 0; t < width; t++)
                from_s[t] += share * from_k[t];
        }
    }
    pi[0] = 1;
    double sum = 1;
    for (size_t k = 1; k < n; k++) {
        pi[k] = 0;
        for (size_t s = 0; s < k; s++)
            pi[k] += pi[s] * matrix[s * n + k];
        sum += pi[k];
    }
    for (size_t k = 0; k < n; k++)
        pi[k] /= sum;
    return true;
}
