// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

/**
 * A text of which only so many characters can be read in all, so that a pattern that goes back and forth in it comes to an end. Confined
 * to one thread.
 */
final class BoundedText implements CharSequence {
    private final String text;
    private int steps;

    /**
     * A text.
     *
     * @param steps how many characters can be read
     */
    BoundedText(String text, int steps) {
        this.text = text;
        this.steps = steps;
    }

    @Override
    public int length() {
        return text.length();
    }

    @Override
    public char charAt(int index) {
        if (steps-- <= 0) {
            throw new StepsExceededException();
        }
        return text.charAt(index);
    }

    @Override
    public CharSequence subSequence(int start, int end) {
        return text.subSequence(start, end);
    }

    @Override
    public String toString() {
        return text;
    }

    /** More characters were asked for. */
    static final class StepsExceededException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private StepsExceededException() {
            super("The steps are used up", null, false, false);
        }
    }
}
