# Times of metafor on the data of bench.py: seconds for the whole task, scaled up from a part. Usage: Rscript peers.R Y.csv V.csv
suppressMessages(library(metafor))
args <- commandArgs(TRUE)
y <- as.matrix(read.csv(args[1], header = FALSE)); v <- as.matrix(read.csv(args[2], header = FALSE))
cpu <- function(work) sum(system.time(work)[1:2])
loop <- function(method, n = 200)
  cpu(for (i in 1:n) try(suppressWarnings(rma(y[, i], v[, i], method = method, test = "knha")), silent = TRUE)) / n * ncol(y)
cat(sprintf('{"metafor": {"dl": %.6g, "reml": %.6g}}\n', loop("DL"), loop("REML")))
