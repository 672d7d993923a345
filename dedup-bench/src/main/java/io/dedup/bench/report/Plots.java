// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench.report;

import java.awt.BasicStroke;
import java.awt.Color;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.CategorySeries.CategorySeriesRenderStyle;
import org.knowm.xchart.ChartEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.internal.chartpart.Chart;
import org.knowm.xchart.style.AxesChartStyler;
import org.knowm.xchart.style.Styler.LegendPosition;

/**
 * Draws results, one SVG file for each question. Of what was not measured there is no file.
 *
 * @param results what is drawn
 * @param base the mode that memory is compared with
 * @param directory where files go
 */
public record Plots(Results results, String base, Path directory) {
    private static final int WIDTH = 900;
    private static final int HEIGHT = 480;
    private static final int LABEL_DEGREES = 30;

    /**
     * Draws everything that was measured.
     *
     * @return the files
     */
    public List<Path> draw() throws IOException {
        Files.createDirectories(directory);
        List<Path> files = new ArrayList<>();
        if (!results.modes().isEmpty()) {
            files.add(write("throughput", throughput()));
            files.add(write("bytes-per-key", bytesPerKey()));
        }
        if (!results.growth().isEmpty()) {
            files.add(write("growth", growth()));
        }
        if (!results.latency().isEmpty()) {
            files.add(write("latency", latency()));
        }
        if (!results.restore().isEmpty()) {
            files.add(write("restore", restore()));
        }
        return files;
    }

    private CategoryChart throughput() {
        CategoryChart chart = bars("Throughput: median, least and most of all rounds", "records/s");
        chart.getStyler().setOverlapped(true);
        List<Spread> spreads = results.modes().stream().map(results::throughput).toList();
        chart.addSeries(
                "median", results.modes(), spreads.stream().map(Spread::median).toList());
        extreme(chart, "least", spreads.stream().map(Spread::min).toList());
        extreme(chart, "most", spreads.stream().map(Spread::max).toList());
        return chart;
    }

    private void extreme(CategoryChart chart, String name, List<Double> values) {
        chart.addSeries(name, results.modes(), values)
                .setChartCategorySeriesRenderStyle(CategorySeriesRenderStyle.Scatter)
                .setMarkerColor(Color.BLACK);
    }

    private CategoryChart bytesPerKey() {
        CategoryChart chart = bars("What a key takes: median of all rounds", "bytes a key");
        List<String> modes = results.modes();
        chart.addSeries(
                "heap",
                modes,
                modes.stream()
                        .map(mode -> results.heapBytesPerKey(mode, base).orElse(0))
                        .toList());
        chart.addSeries("disk", modes, medians(run -> (double) run.stateBytes() / run.distinctKeys()));
        chart.addSeries("changelog", modes, medians(run -> (double) run.changelogBytes() / run.distinctKeys()));
        return chart;
    }

    private List<Double> medians(ToDoubleFunction<Measurement> value) {
        return results.modes().stream()
                .map(mode -> Spread.of(results.of(mode).stream()
                                .map(value::applyAsDouble)
                                .toList())
                        .median())
                .toList();
    }

    private XYChart growth() {
        XYChart chart = new XYChartBuilder()
                .width(WIDTH)
                .height(HEIGHT)
                .title("Throughput while more and more keys are remembered")
                .xAxisTitle("keys remembered")
                .yAxisTitle("records/s")
                .build();
        style(chart.getStyler());
        chart.getStyler().setXAxisLogarithmic(true).setYAxisMin(0.0);
        for (String mode :
                results.growth().stream().map(Growth::mode).distinct().toList()) {
            List<Growth> points = results.growth().stream()
                    .filter(point -> point.mode().equals(mode))
                    .toList();
            chart.addSeries(
                    mode,
                    points.stream().map(Growth::keys).toList(),
                    points.stream().map(Growth::recordsPerSecond).toList());
        }
        return chart;
    }

    private CategoryChart latency() {
        CategoryChart chart = bars("From due to send until read as committed", "ms");
        chart.getStyler()
                .setDefaultSeriesRenderStyle(CategorySeriesRenderStyle.Line)
                .setOverlapped(true)
                .setYAxisLogarithmic(true);
        for (Latency latency : results.latency()) {
            chart.addSeries(
                    latency.mode(),
                    List.of("p50", "p90", "p99", "p99.9"),
                    List.of(latency.p50Ms(), latency.p90Ms(), latency.p99Ms(), latency.p999Ms()));
        }
        return chart;
    }

    private CategoryChart restore() {
        CategoryChart chart = bars("Coming back without local state", "seconds");
        List<String> modes = results.restore().stream().map(Restore::mode).toList();
        chart.addSeries(
                "restoring",
                modes,
                results.restore().stream().map(Restore::restoreSeconds).toList());
        chart.addSeries(
                "until running",
                modes,
                results.restore().stream().map(Restore::readySeconds).toList());
        return chart;
    }

    private static CategoryChart bars(String title, String unit) {
        CategoryChart chart = new CategoryChartBuilder()
                .width(WIDTH)
                .height(HEIGHT)
                .title(title)
                .yAxisTitle(unit)
                .build();
        style(chart.getStyler());
        chart.getStyler().setXAxisLabelRotation(LABEL_DEGREES);
        return chart;
    }

    private static void style(AxesChartStyler styler) {
        styler.setPlotGridLinesStroke(new BasicStroke(0.5f));
        styler.setDecimalPattern("#,##0.##")
                .setChartBackgroundColor(Color.WHITE)
                .setLegendPosition(LegendPosition.OutsideE);
    }

    private Path write(String name, Chart<?, ?> chart) throws IOException {
        Path file = directory.resolve(name + ".svg");
        try (OutputStream out = Files.newOutputStream(file)) {
            ChartEncoder.saveChart(chart, out, "svg");
        }
        return file;
    }
}
