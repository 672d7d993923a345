// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench.report;

import java.util.ArrayList;
import java.util.List;

/** Rows of text in columns: the first to the left, the others to the right. */
final class TextTable {
    private static final String GAP = "  ";

    private TextTable() {}

    /**
     * The table, a line under its first row.
     *
     * @param rows of equal length
     */
    static String of(List<List<String>> rows) {
        List<Integer> widths = new ArrayList<>();
        for (int column = 0; column < rows.get(0).size(); column++) {
            int at = column;
            widths.add(rows.stream().mapToInt(row -> row.get(at).length()).max().orElse(0));
        }
        StringBuilder text = new StringBuilder();
        for (List<String> row : rows) {
            for (int column = 0; column < row.size(); column++) {
                String pad = " ".repeat(widths.get(column) - row.get(column).length());
                text.append(column == 0 ? row.get(column) + pad : GAP + pad + row.get(column));
            }
            text.append('\n');
            if (row == rows.get(0)) {
                int width = widths.stream().mapToInt(Integer::intValue).sum() + GAP.length() * (row.size() - 1);
                text.append("-".repeat(width)).append('\n');
            }
        }
        return text.toString();
    }
}
