/* normal.h - the few integrals of normal and log-normal variables that beliefs about run times need. Doubles; no errors. */
#ifndef TN_STATS_NORMAL_H
#define TN_STATS_NORMAL_H

double tn_normal_cdf(double z);

/* Without erfc(): what the distribution function is at most and at least, and what E[max(0, z - normal)] is at most. From a table of
 * sixteenths, so within a sixteenth of z. */
double tn_normal_cdf_most(double z);
double tn_normal_cdf_least(double z);
double tn_normal_loss_most(double z);

/* Mean and variance of a normal (M, S) known to lie above C. */
struct tn_normal {
    double mean, variance;
};
struct tn_normal tn_normal_above(double m, double s, double c);

/* X = e^Y, Y normal (M, S); D = e^LD: E[min(X, D)] and P(X > D). */
struct tn_capped {
    double mean, beyond;
};
struct tn_capped tn_lognormal_capped(double m, double s, double ld);
double           tn_lognormal_beyond(double m, double s, double ld); /* the chance alone */

/* E[I - e^x ; x < M + K sqrt(P)] of a normal x (M, P): what is saved against I, where it counts from below only. */
double tn_lognormal_gain(double I, double m, double P, double k);

#endif
