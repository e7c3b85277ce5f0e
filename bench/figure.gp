# Time of a trajectory against the number of nodes. figure.py calls it with `data` (a block per series: N, us; the first
# is the limit), `titles` (a name per block, joined by "|"), `output` and `machine`.
set terminal pngcairo size 1100,640 font "sans,11" noenhanced
set output output
set logscale y
set format y "%.0s %cs"
set xlabel "number of nodes N (2^N states)"
set ylabel "time of a trajectory, 101 sampled times"
set title machine font ",10"
set xtics 1
set xrange [4.7:12.3]
set yrange [5e-7:100]
set grid ytics lc rgb "#dddddd"
set key outside right center Left reverse samplen 2 width -4 font ",10"
name(i) = system(sprintf("echo '%s' | cut -d'|' -f%d", titles, i))
count = system(sprintf("echo '%s' | tr '|' '\n' | wc -l", titles)) + 0
colours = "#000000 #c00000 #ff8800 #0060ad #00a0d0 #2e8b57 #8fbc3f #8a2be2 #c060c0 #806040 #888888 #e06666 #f1a8c0 #607d8b #b0a000"
plot data index 0 using 1:($2 * 1e-6) with lines lw 2 dt 2 lc rgb "black" title name(1), \
     for [i = 2:count] data index i - 1 using 1:($2 * 1e-6) with linespoints pt 7 ps (i == 2 ? 1.3 : 0.9) \
         lw (i == 2 ? 3 : 1.5) lc rgb word(colours, i) title name(i)
