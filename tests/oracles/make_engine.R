# More reference answers from metafor: what make_oracles.R leaves out (regressions by every estimator and test, influence
# under Hartung-Knapp with REML, exact permutation tests, one study, paired changes).
# usage: Rscript make_engine.R engine.json   (Debian: r-base-core r-cran-metafor r-cran-metadat r-cran-jsonlite)
suppressMessages({library(metafor); library(metadat); library(jsonlite)})
out <- commandArgs(TRUE)[1]
ctl <- function(yi) list(threshold = 1e-13 * max(1, var(yi)), tol = 1e-14, maxiter = 1e5)
fit <- function(yi, vi, X, m, t, step = 1) {
  con <- if (m %in% c("EE", "DL", "HE", "HS", "SJ")) list() else c(ctl(yi), stepadj = step)
  suppressWarnings(if (is.null(X)) rma(yi, vi, method = m, test = t, control = con)
                   else rma(yi, vi, mods = X, method = m, test = t, control = con))
}
tries <- function(...) { for (s in c(1, 0.5, 0.1)) { r <- tryCatch(fit(..., step = s), error = function(e) NULL); if (!is.null(r)) return(r) }; NULL }

set.seed(3)
sets <- list()
e <- escalc("RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
sets$bcg <- list(yi = as.numeric(e$yi), vi = as.numeric(e$vi), x = cbind(e$ablat, as.numeric(e$alloc == "random")))
d <- dat.raudenbush1985
sets$raudenbush1985 <- list(yi = as.numeric(d$yi), vi = as.numeric(d$vi), x = cbind(pmin(d$weeks, 3), as.numeric(d$tester == "blind")))
for (i in 1:4) { k <- c(5, 7, 12, 25)[i]; vi <- round(runif(k, .1, 2), 3); x <- cbind(round(rnorm(k), 2), round(runif(k), 2))
  sets[[paste0("made", i)]] <- list(yi = round(x[, 1] + rnorm(k, 0, sqrt(vi + .5)), 3), vi = vi, x = x) }

regressions <- list(); influences <- list()
for (id in names(sets)) { s <- sets[[id]]
  for (m in c("EE", "DL", "HE", "HS", "SJ", "ML", "REML", "EB", "PM")) for (t in c("z", "t", "knha", "adhoc")) {
    r <- tries(s$yi, s$vi, s$x, m, t)
    if (!is.null(r)) regressions[[length(regressions) + 1]] <- list(id = id, method = m, test = t,
      b = as.numeric(r$b), se = r$se, p_value = r$pval, ci_low = r$ci.lb, ci_high = r$ci.ub, tau2 = r$tau2, i2 = r$I2 / 100,
      qm = r$QM, qm_p = r$QMp, qe = r$QE, qe_p = r$QEp, r2 = if (is.null(r$R2)) NA else r$R2 / 100)
  }
  for (m in c("DL", "REML")) for (t in c("z", "knha")) {
    r <- tries(s$yi, s$vi, NULL, m, t)
    f <- tryCatch(suppressWarnings(influence(r)$inf), error = function(e) NULL)
    if (!is.null(f)) influences[[length(influences) + 1]] <- list(id = id, method = m, test = t,
      rstudent = f$rstudent, dffits = f$dffits, cook_d = f$cook.d, cov_ratio = f$cov.r, tau2_deleted = f$tau2.del, q_deleted = f$QE.del, hat = f$hat)
  }
}
s <- sets$made1
permutation <- list(yi = s$yi, vi = s$vi, x = s$x[, 1],
  slope = permutest(fit(s$yi, s$vi, s$x[, 1], "DL", "z"), exact = TRUE, progbar = FALSE)$pval,
  mean = permutest(fit(s$yi, s$vi, NULL, "DL", "z"), exact = TRUE, progbar = FALSE)$pval)
one <- suppressWarnings(rma(0.7, 0.2)); one <- list(yi = 0.7, vi = 0.2, estimate = as.numeric(one$b), se = one$se, tau2 = one$tau2, i2 = one$I2, h2 = one$H2, q = one$QE, q_p = one$QEp)
paired <- list()
for (m in c("MC", "SMCC", "SMCR")) { e <- escalc(m, m1i = c(40, 30, 12), m2i = c(55, 28, 14), sd1i = c(15, 10, 3), sd2i = c(16, 11, 4), ni = c(20, 12, 60), ri = c(.5, .2, .8))
  paired[[m]] <- list(yi = as.numeric(e$yi), vi = as.numeric(e$vi)) }
write_json(list(made_with = paste("R", getRversion(), "metafor", packageVersion("metafor"), "metadat", packageVersion("metadat")),
  sets = sets, regressions = regressions, influences = influences, permutation = permutation, one = one, paired = paired), out, digits = NA, auto_unbox = TRUE, na = "null", null = "null")
cat(length(regressions), "regressions", length(influences), "influences\n")
