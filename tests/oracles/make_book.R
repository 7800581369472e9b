# Answers of R and metafor on trials of this book, for the methods chapters.
# usage: Rscript make_book.R book_trials.json book.json   (Debian: r-base-core r-cran-metafor r-cran-jsonlite)
# Each answer is a row (case, study, method, quantity, value); iterated estimates with every stopping rule tightened.
suppressMessages({library(metafor); library(jsonlite)})
files <- commandArgs(TRUE)
sets <- fromJSON(files[1])
rows <- list()
put <- function(case, method, made, ..., study = "all") {
  answers <- list(...)
  for (q in names(answers)) rows[[length(rows) + 1]] <<- list(case = case, study = study, method = method, quantity = q,
    value = sprintf("%.17g", as.numeric(answers[[q]])), made_with = made)
}
R <- paste("R", getRversion())
METAFOR <- paste0("metafor ", packageVersion("metafor"), ", ", R)
METAFOR <- sub("3.8.1", "3.8-1", METAFOR, fixed = TRUE)
TESTS <- c(Wald = "z", HK = "knha", `HK-floor` = "adhoc")
fit <- function(y, v, mods = NULL, method = "REML", test = "z") {
  con <- if (method %in% c("EE", "DL", "HE", "HS", "SJ")) list() else
    list(threshold = 1e-13 * max(1, var(y)), tol = 1e-14, maxiter = 1e5, tau2.max = 1e4)
  suppressWarnings(if (is.null(mods)) rma(y, v, method = method, test = test, control = con)
                   else rma(y, v, mods = mods, method = method, test = test, control = con))
}

## nine estimators, three intervals, prediction intervals
s <- sets$pain6_placebo
for (m in c("EE", "DL", "HE", "HS", "SJ", "ML", "REML", "EB", "PM")) for (t in names(TESTS)) {
  r <- fit(s$y, s$v, method = m, test = TESTS[[t]])
  put("pain6_placebo", paste0(sub("EE", "FE", m), ", ", t), METAFOR, estimate = r$b, ci_low = r$ci.lb, ci_high = r$ci.ub, tau2 = r$tau2)
}
for (t in c("Wald", "HK")) {
  r <- fit(s$y, s$v, test = TESTS[[t]]); p <- predict(r)
  rule <- if (t == "Wald") "z" else "t(k-1)"
  put("pain6_placebo", paste0("REML, ", t, ", ", rule), METAFOR, pi_low = p$pi.lb, pi_high = p$pi.ub)
}
r <- fit(s$y, s$v); p <- predict(r, pi.type = "riley")
put("pain6_placebo", "REML, Wald, t(k-2)", METAFOR, pi_low = p$pi.lb, pi_high = p$pi.ub)

## meta-regression on the comparator, on the dose, on both
regress <- function(case, name, y, v, x) for (m in c("DL", "REML")) for (t in names(TESTS)) {
  r <- fit(y, v, x, m, TESTS[[t]])
  put(case, paste0(m, ", ", t, ", ", name), METAFOR, slope = r$b[2], slope_se = r$se[2], slope_low = r$ci.lb[2], slope_high = r$ci.ub[2],
      p = r$pval[2], tau2 = r$tau2, r2 = r$R2 / 100, qm = r$QM, qm_p = r$QMp, qe = r$QE)
}
a <- sets$pain6; d <- sets$pain6_dose
regress("pain6", "inactive", a$y, a$v, cbind(a$inactive))
regress("pain6_dose", "log_dose", d$y, d$v, cbind(d$log_dose))
regress("pain6_dose", "log_dose and inactive", d$y, d$v, cbind(d$log_dose, d$inactive))
e <- sets$pain6_placebo_dose
p <- permutest(fit(e$y, e$v, cbind(e$log_dose), "DL", "z"), exact = TRUE, progbar = FALSE)
put("pain6_placebo_dose", "DL, Wald, exact permutation", METAFOR, p = p$pval[2])

## small-study effects
t <- regtest(a$y, a$v, model = "lm")
put("pain6", "Egger", METAFOR, statistic = t$zval, p = t$pval, limit = t$est, limit_low = t$ci.lb, limit_high = t$ci.ub)
t <- ranktest(a$y, a$v)
put("pain6", "Begg", METAFOR, statistic = t$tau, p = t$pval)
t <- trimfill(fit(a$y, a$v, test = "knha"), estimator = "L0")
put("pain6", "trim and fill", METAFOR, k_missing = t$k0, estimate = t$b, ci_low = t$ci.lb, ci_high = t$ci.ub)
line <- function(y, x, w) { c <- summary(lm(y ~ x, weights = w))$coefficients; list(slope = c[2, 1], statistic = c[2, 3], p = c[2, 4], limit = c[1, 1], limit_p = c[1, 4]) }
do.call(put, c(list("pain6", "PET", paste0(R, ", lm")), line(a$y, sqrt(a$v), 1 / a$v)))
do.call(put, c(list("pain6", "PEESE", paste0(R, ", lm")), line(a$y, a$v, 1 / a$v)))

## events: effects of trials with their zero cells, and what pools them
for (case in c("adverse_any", "adverse_serious")) {
  s <- sets[[case]]
  table <- list(ai = s$events_1, n1i = s$n_1, ci = s$events_2, n2i = s$n_2)
  for (m in c("RR", "OR", "RD")) {
    one <- do.call(escalc, c(list(measure = m), if (m == "RD") list(addyi = FALSE), table))
    for (i in seq_along(s$n_1)) put(case, m, METAFOR, y = one$yi[i], v = one$vi[i], study = paste("study", i))
    r <- do.call(rma.mh, c(list(measure = m), table))
    put(case, paste("Mantel-Haenszel", m), METAFOR, estimate = r$b, ci_low = r$ci.lb, ci_high = r$ci.ub)
    r <- fit(as.numeric(one$yi), as.numeric(one$vi), method = "DL")
    put(case, paste("DL, Wald,", m), METAFOR, estimate = r$b, ci_low = r$ci.lb, ci_high = r$ci.ub)
  }
  r <- do.call(rma.peto, table)
  put(case, "Peto OR", METAFOR, estimate = r$b, ci_low = r$ci.lb, ci_high = r$ci.ub)
  n <- s$n_1 + s$n_2; events <- s$events_1 + s$events_2; use <- events > 0 & events < n
  y <- as.numeric(do.call(escalc, c(list(measure = "OR"), table))$yi)
  do.call(put, c(list(case, "Peters", paste0(R, ", lm")), line(y[use], (1 / n)[use], (events * (n - events) / n)[use])))
}

## posterior by brute force: integrate() over tau, what is normal given tau by formula
posterior <- function(y, v, log_prior, mid) {
  one <- function(tau) { w <- 1 / (v + tau^2); m <- sum(w * y) / sum(w)
    c(0.5 * sum(log(w)) - 0.5 * log(sum(w)) - 0.5 * sum(w * (y - m)^2) + log_prior(tau), m, 1 / sum(w)) }
  top <- max(sapply(seq(0, 20, 0.001), function(t) one(t)[1]))
  over <- function(f) { g <- function(u) sapply(u, function(z) { t <- z / (1 - z); o <- one(t); exp(o[1] - top) * f(t, o[2], o[3]) / (1 - z)^2 })
    sum(sapply(1:20, function(i) integrate(g, (i - 1) / 20, i / 20 - if (i == 20) 1e-12 else 0, rel.tol = 1e-13, subdivisions = 2000)$value)) }
  total <- over(function(t, m, s2) 1)
  below <- function(x) over(function(t, m, s2) pnorm((x - m) / sqrt(s2))) / total
  new <- function(x) over(function(t, m, s2) pnorm((x - m) / sqrt(s2 + t^2))) / total
  quantile <- function(f, p, range) uniroot(function(x) f(x) - p, range, tol = 1e-13)$root
  mean <- over(function(t, m, s2) m) / total
  list(mean = mean, median = quantile(below, 0.5, c(-20, 20)), ci_low = quantile(below, 0.025, c(-60, 20)), ci_high = quantile(below, 0.975, c(-20, 60)),
       p_mid = below(-mid), p_mid_new = new(-mid), tau_mean = over(function(t, m, s2) t) / total)
}
half_normal <- function(scale) function(t) -0.5 * (t / scale)^2
half_cauchy <- function(scale) function(t) -log1p((t / scale)^2)
for (case in c("pain12_placebo", "pain6_placebo")) {
  s <- sets[[case]]
  for (scale in c(0.5, 1, 2)) do.call(put, c(list(case, paste0("half-normal ", scale), paste0(R, ", integrate")), posterior(s$y, s$v, half_normal(scale), 1.5)))
  do.call(put, c(list(case, "half-cauchy 1", paste0(R, ", integrate")), posterior(s$y, s$v, half_cauchy(1), 1.5)))
}

for (i in seq_along(rows)) if (rows[[i]]$value %in% c("NA", "NaN")) stop(paste(unlist(rows[[i]]), collapse = " "))
write_json(list(made_with = METAFOR, rows = rows), files[2], auto_unbox = TRUE, pretty = 1)
cat(length(rows), "answers\n")
