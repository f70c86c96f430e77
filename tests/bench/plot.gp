# The plots of what is in data/, as SVG beside it. Run in the directory of results by report.sh.
set terminal svg size 760,400 font "sans-serif,12" background rgb "white"
set grid
set key outside below
there(name) = int(system("test -s data/".name." && echo 1 || echo 0"))

if (there("ratios")) {
	set output "ratios.svg"
	set title "Polls beside the bare program, and 304s beside 200s"
	set style data histograms
	set style histogram clustered gap 1
	set style fill solid 0.7
	set ylabel "ratio of rates"
	set yrange [0:*]
	set xtics rotate by -20
	plot "data/ratios" using 2:xtic(1) title "polls", "" using 3 title "304s", \
		1 with lines lc rgb "black" notitle
	set xtics norotate autofreq
}

set yrange [0:*]
set ytics nomirror
set y2tics
set y2range [0:*]

if (there("growth-length")) {
	set output "length.svg"
	set title "Costs per byte of output by length of the answer"
	set logscale x 2
	set format x "%.0b %BB"
	set xlabel "text of the answer"
	set ylabel "CPU, us per byte"
	set y2label "bytes to Redis per byte"
	plot "data/growth-length" using 1:2 with linespoints title "CPU of respoold", \
		"" using 1:4 with linespoints title "CPU of Redis", \
		"" using 1:3 axes x1y2 with linespoints title "bytes that Redis receives"
	unset logscale x
	set format x "%g"
}

if (there("growth-streams")) {
	set output "streams.svg"
	set title "Costs by number of streams, 5 deltas/s each, one worker"
	set logscale x
	set xlabel "streams"
	set ylabel "CPU, us per delta"
	set y2label "ms, KB"
	plot "data/growth-streams" using 1:2 with linespoints title "CPU of respoold", \
		"" using 1:5 with linespoints title "CPU of Redis", \
		"" using 1:3 axes x1y2 with linespoints title "age of text not stored yet, p99, ms", \
		"" using 1:4 axes x1y2 with linespoints title "peak memory per stream, KB"
	unset logscale x
}

if (there("growth-queue")) {
	set output "queue.svg"
	set title "Costs by number of responses that wait"
	set logscale x
	set xlabel "waiting (1 stands for none)"
	set ylabel "CPU, us"
	set y2label "bytes to Redis per create"
	plot "data/growth-queue" using ($1 + 1):3 with linespoints title "responders, per create", \
		"" using ($1 + 1):4 with linespoints title "Redis, per create", \
		"" using ($1 + 1):6 with linespoints title "respoold, per delta of 50 streams", \
		"" using ($1 + 1):5 axes x1y2 with linespoints title "bytes to Redis, per create"
}
