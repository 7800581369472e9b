# metafor on data sets of metadat that were not used while the engine was written: every estimator with Wald and
# Hartung-Knapp intervals, intervals of tau^2, influence, trim and fill on either side, regressions with a factor, and
# pooled tables with sparse events.
# usage: Rscript make_heldout.R heldout.json   (Debian: r-base-core r-cran-metafor r-cran-metadat)
suppressMessages({library(metafor); library(metadat)})
text <- function(x) { if (is.character(x)) return(paste0('"', x, '"')); if (is.list(x)) return(paste0("{", paste(sprintf('"%s":%s', names(x), sapply(x, text)), collapse = ","), "}"))
  if (is.matrix(x)) return(paste0("[", paste(apply(x, 1, function(r) text(unname(r))), collapse = ","), "]"))
  s <- sprintf("%.17g", as.numeric(x)); s[is.na(x)] <- "null"; if (length(s) == 1) s else paste0("[", paste(s, collapse = ","), "]") }
iterated <- c("ML", "REML", "EB", "PM")
control <- function(y, step) list(threshold = 1e-13 * max(var(y), 1e-6), tol = 1e-15, maxiter = 10000, stepadj = step, tau2.max = 1e9 * max(var(y), 1))
fit <- function(y, v, m, t, x = NULL) for (step in c(1, 0.5, 0.1)) {
  how <- list(yi = y, vi = v, method = m, test = t, control = if (m %in% iterated) control(y, step) else list())
  if (!is.null(x)) how$mods <- x
  r <- tryCatch(suppressWarnings(do.call(rma, how)), error = function(e) NULL)
  if (!is.null(r)) return(r)
}
pooled <- function(r) list(estimate = as.numeric(r$b), se = r$se, ci = c(r$ci.lb, r$ci.ub), p_value = r$pval)
tight <- function(y) list(tol = 1e-15, maxiter = 10000, tau2.max = 1e9 * max(var(y), 1))

one_set <- function(e) {
  y <- as.numeric(e$yi); v <- as.numeric(e$vi); ok <- is.finite(y) & is.finite(v) & v > 0; y <- y[ok]; v <- v[ok]
  out <- list(y = y, v = v, fits = list(), fill = list())
  for (m in c("EE", "DL", "HE", "HS", "SJ", iterated)) {
    z <- fit(y, v, m, "z"); h <- fit(y, v, m, "knha")
    out$fits[[m]] <- list(tau2 = z$tau2, i2 = z$I2 / 100, q = z$QE, Wald = pooled(z), HK = pooled(h))
    if (!m %in% iterated) {
      sides <- lapply(c(left = "left", right = "right"), function(s) trimfill(z, side = s, maxiter = 100))
      out$fill[[m]] <- c(list(side = trimfill(z, maxiter = 100)$side),
        lapply(sides, function(f) list(missing = f$k0, estimate = as.numeric(f$b), se = f$se, tau2 = f$tau2)))
    } else out$fill[[m]] <- list(side = suppressWarnings(trimfill(z, control = control(y, 1))$side))
  }
  out$tau2_intervals <- list(QP = as.numeric(confint(fit(y, v, "DL", "z"), control = tight(y))$random[1, 2:3]),
    ML = as.numeric(confint(fit(y, v, "ML", "z"), type = "PL", control = tight(y))$random[1, 2:3]),
    REML = as.numeric(confint(fit(y, v, "REML", "z"), type = "PL", control = tight(y))$random[1, 2:3]))
  rank <- suppressWarnings(ranktest(y, v)); line <- regtest(y, v, model = "lm", predictor = "vi")
  out$begg <- c(as.numeric(rank$tau), rank$pval); out$peese <- c(line$zval, line$pval, line$est)
  i <- influence(fit(y, v, "HE", "knha"))$inf
  out$influence <- list(rstudent = i$rstudent, dffits = i$dffits, cook_d = i$cook.d, cov_ratio = i$cov.r, tau2_deleted = i$tau2.del)
  out
}
one_regression <- function(y, v, x) {
  colnames(x) <- NULL; out <- list(y = as.numeric(y), v = as.numeric(v), x = x)
  for (m in c("EE", "DL", "HE", "SJ", "REML")) for (t in c("z", "knha")) { r <- fit(out$y, out$v, m, t, x)
    out[[paste0(m, "_", t)]] <- list(b = as.numeric(r$b), se = r$se, tau2 = r$tau2, qm = r$QM, qm_p = r$QMp, qe = r$QE, r2 = if (is.null(r$R2)) NA else r$R2 / 100) }
  out
}
one_table <- function(a, n1, c, n2) { out <- list(events_1 = a, n_1 = n1, events_2 = c, n_2 = n2)
  keep <- function(r) c(as.numeric(r$b), r$se, r$QE, r$I2 / 100)
  for (m in c("OR", "RR", "RD")) { out[[m]] <- keep(suppressWarnings(rma.mh(measure = m, ai = a, n1i = n1, ci = c, n2i = n2)))
    out[[paste0(m, "_half")]] <- keep(suppressWarnings(rma.mh(measure = m, ai = a, n1i = n1, ci = c, n2i = n2, add = c(.5, .5), to = c("only0", "only0")))) }
  out$Peto <- keep(suppressWarnings(rma.peto(ai = a, n1i = n1, ci = c, n2i = n2))); out }

two <- function(d, m) escalc(m, ai = d$ai, n1i = d$n1i, ci = d$ci, n2i = d$n2i)
arms <- function(d, m) escalc(m, m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i, sd2i = sd2i, n2i = n2i, data = d)
d <- dat.dagostino1998; d <- d[d$outcome == "rnic1", ]
sets <- list(hine1989_RD = two(dat.hine1989, "RD"), lee2004_OR = two(dat.lee2004, "OR"), lau1992_RR = two(dat.lau1992, "RR"), egger2001_OR = two(dat.egger2001, "OR"),
  hahn2001_RR = two(dat.hahn2001, "RR"), nielweise2007_OR = two(dat.nielweise2007, "OR"), laopaiboon2015_OR = two(dat.laopaiboon2015, "OR"), graves2010_RD = two(dat.graves2010, "RD"),
  gibson2002_MD = arms(dat.gibson2002, "MD"), gibson2002_SMD = arms(dat.gibson2002, "SMD"),
  berkey1998_PD = dat.berkey1998[dat.berkey1998$outcome == "PD", ], begg1989 = dat.begg1989,
  baskerville2012 = data.frame(yi = dat.baskerville2012$smd, vi = dat.baskerville2012$se^2), ishak2007 = data.frame(yi = dat.ishak2007$y2i, vi = dat.ishak2007$v2i),
  cohen1981 = escalc("ZCOR", ri = ri, ni = ni, data = dat.cohen1981), nakagawa2007 = escalc("ZCOR", ri = Correlation, ni = SampleSize, data = dat.nakagawa2007),
  debruin2009 = escalc("PLO", xi = xi, ni = ni, data = dat.debruin2009), pritz1997 = escalc("PAS", xi = xi, ni = ni, data = dat.pritz1997),
  nielweise2008 = escalc("IRR", x1i = x1i, t1i = t1i, x2i = x2i, t2i = t2i, data = dat.nielweise2008), hart1999 = escalc("IRR", x1i = x1i, t1i = t1i, x2i = x2i, t2i = t2i, data = dat.hart1999))
b <- dat.bangertdrowns2004; k <- dat.konstantopoulos2011; h <- dat.hackshaw1998
regressions <- list(bangertdrowns2004 = one_regression(b$yi, b$vi, cbind(1 * (b$grade == 2), 1 * (b$grade == 3), 1 * (b$grade == 4))),
  konstantopoulos2011 = one_regression(k$yi, k$vi, cbind(k$year)), hackshaw1998 = one_regression(h$yi, h$vi, cbind(h$year, h$cases)))
y <- dat.yusuf1985; y <- y[y$table == "9" & is.finite(y$ai + y$ci), ]; cb <- dat.collins1985b; g <- function(d) one_table(d$ai, d$n1i, d$ci, d$n2i)
tables <- list(damico2009 = one_table(dat.damico2009$xt, dat.damico2009$nt, dat.damico2009$xc, dat.damico2009$nc), yusuf1985 = g(y), hine1989 = g(dat.hine1989),
  collins1985b = one_table(cb$ped.xti, cb$fup.nti, cb$ped.xci, cb$fup.nci), one_zero = one_table(c(1, 0), c(79, 54), c(0, 0), c(39, 48)))
cat(text(list(made_with = paste("R", getRversion(), "metafor", packageVersion("metafor"), "metadat", packageVersion("metadat")),
  sets = lapply(sets, one_set), regressions = regressions, tables = tables)), file = commandArgs(TRUE)[1])
cat("\n", file = commandArgs(TRUE)[1], append = TRUE)
