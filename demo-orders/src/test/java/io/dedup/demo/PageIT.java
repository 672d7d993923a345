// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.deque.html.axecore.results.Rule;
import com.deque.html.axecore.selenium.AxeBuilder;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.openqa.selenium.By;
import org.openqa.selenium.Dimension;
import org.openqa.selenium.Keys;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The page in a real browser: each thing that goes wrong is clicked, and the ledger is looked at. Where there is no Chromium with
 * its driver, nothing of this is run, and the log says so.
 */
class PageIT {
    private static final Logger LOGGER = LoggerFactory.getLogger(PageIT.class);
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private static @Nullable ServedDemo demo;
    private static @Nullable ChromeDriver started;
    private static String address = "";

    @SuppressWarnings("NullAway.Init") // set before each test
    private ChromeDriver browser;

    @BeforeAll
    static void start() {
        Optional<File> chromium = onPath("chromium");
        Optional<File> driver = onPath("chromedriver");
        if (chromium.isEmpty() || driver.isEmpty()) {
            LOGGER.warn("NOT RUN: the page in a browser. There is no chromium or no chromedriver on the path;"
                    + " on Debian: apt-get install chromium chromium-driver");
        }
        assumeTrue(chromium.isPresent() && driver.isPresent(), "chromium and chromedriver are on the path");
        ServedDemo served = ServedDemo.start();
        demo = served;
        address = served.address();
        ChromeOptions options = new ChromeOptions();
        options.setBinary(chromium.orElseThrow());
        options.addArguments("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1200,1600");
        started = new ChromeDriver(
                new ChromeDriverService.Builder()
                        .usingDriverExecutable(driver.orElseThrow())
                        .build(),
                options);
    }

    private static Optional<File> onPath(String command) {
        return Stream.of(System.getenv("PATH").split(File.pathSeparator))
                .map(directory -> new File(directory, command))
                .filter(File::canExecute)
                .findFirst();
    }

    @AfterAll
    static void stop() {
        if (started != null) {
            started.quit();
        }
        if (demo != null) {
            demo.close();
        }
    }

    @BeforeEach
    void open() {
        browser = Objects.requireNonNull(started);
        browser.get(address + "/");
        awaitThat(() -> !browser.findElements(By.cssSelector("#plot canvas")).isEmpty());
    }

    @ParameterizedTest
    @CsvSource({
        "lost-answer,no answer,1",
        "lost-answer,'201, replayed',1",
        "slow,201,1",
        "double-click,'201, replayed',1",
        "three-retries,'201, replayed',3",
        "other-amount,422,1",
        "no-key,400,1"
    })
    void pay_requestGoesWrong_isAnsweredSoAndBookedOnce(String fault, String answer, int times) {
        // Given
        int before = entries();
        String twice = text("twice");
        // When
        pay(fault);
        // Then
        awaitThat(
                () -> answers().stream().filter(text -> text.startsWith(answer)).count() == times);
        awaitThat(() -> entries() == before + 1);
        assertThat(text("twice")).isEqualTo(twice);
    }

    @ParameterizedTest
    @CsvSource({
        "redeliver,duplicate",
        "replay,duplicate",
        "other-amount,conflict",
        "no-key,missing-key",
        "wrong-clock,future"
    })
    void pay_recordGoesWrong_isJudgedSoAndBookedOnce(String fault, String verdict) {
        // Given
        int before = entries();
        String twice = text("twice");
        // When
        pay(fault);
        // Then
        awaitThat(() -> verdicts().stream().anyMatch(text -> text.startsWith(verdict)));
        awaitThat(() -> entries() == before + 1);
        assertThat(text("twice")).isEqualTo(twice);
        if (!verdict.equals("duplicate")) {
            assertThat(browser.findElement(By.id("dead")).getText()).contains(verdict);
        }
    }

    @Test
    void mode_observe_showsWhatWouldHaveBeenChargedTwice() {
        try {
            browser.findElement(By.cssSelector("input[value=observe]")).click();
            awaitThat(() -> text("status").equals("The pipeline now runs in observe"));
            int before = Integer.parseInt(text("twice"));
            pay("redeliver");
            awaitThat(() -> Integer.parseInt(text("twice")) == before + 1);
        } finally {
            browser.findElement(By.cssSelector("input[value=enforce]")).click();
            awaitThat(() -> text("status").equals("The pipeline now runs in enforce"));
        }
    }

    @Test
    void find_keyOfAPayment_saysSinceWhenAndUntilWhen() {
        // Given
        int before = entries();
        pay("none");
        awaitThat(() -> entries() == before + 1);
        String key = texts("#ledger tr td:nth-child(3)").get(0);
        // When
        browser.findElement(By.id("find-key")).sendKeys(key, Keys.ENTER);
        // Then
        awaitThat(() -> text("found").startsWith("First seen 20"));
        assertThat(text("found")).contains("remembered until 20");
    }

    @Test
    void page_keyboardAlone_pays() {
        int before = entries();
        WebElement amount = browser.findElement(By.id("amount"));
        amount.sendKeys(Keys.ENTER);
        awaitThat(() -> entries() == before + 1);
    }

    @Test
    void pause_pressed_showsNothingNewUntilPressedAgain() {
        // Given
        List<String> before = texts("#ledger tr");
        browser.findElement(By.id("pause")).click();
        // When
        pay("none");
        awaitThat(() -> answers().stream().anyMatch(text -> text.startsWith("201")));
        // Then
        assertThat(texts("#ledger tr")).isEqualTo(before);
        browser.findElement(By.id("pause")).click();
        awaitThat(() -> !texts("#ledger tr").equals(before));
    }

    @ParameterizedTest
    @ValueSource(strings = {"light", "dark"})
    void page_inEitherScheme_hasNothingThatAxeObjectsTo(String scheme) {
        browser.executeCdpCommand(
                "Emulation.setEmulatedMedia",
                Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", scheme))));
        pay("other-amount");
        awaitThat(() -> verdicts().stream().anyMatch(text -> text.startsWith("conflict")));
        List<Rule> violations = new AxeBuilder().analyze(browser).getViolations();
        assertThat(violations)
                .extracting(Rule::getId, rule -> rule.getNodes().toString())
                .isEmpty();
    }

    @Test
    void page_asWideAsAPhone_fitsWithoutScrollingSideways() throws Exception {
        Dimension wide = browser.manage().window().getSize();
        try {
            browser.executeCdpCommand(
                    "Emulation.setDeviceMetricsOverride",
                    Map.of("width", 360, "height", 800, "deviceScaleFactor", 1, "mobile", true));
            pay("replay");
            awaitThat(() -> verdicts().stream().anyMatch(text -> text.startsWith("duplicate")));
            Number width = (Number) script("return document.documentElement.scrollWidth");
            assertThat(width.intValue()).isLessThanOrEqualTo(360);
            Files.write(Path.of("target", "page-phone.png"), browser.getScreenshotAs(OutputType.BYTES));
        } finally {
            browser.executeCdpCommand("Emulation.clearDeviceMetricsOverride", Map.of());
            browser.manage().window().setSize(wide);
        }
    }

    @Test
    void page_used_asksNobodyElseAndBreaksNoPolicy() throws Exception {
        pay("replay");
        awaitThat(() -> verdicts().stream().anyMatch(text -> text.startsWith("duplicate")));
        Files.write(Path.of("target", "page.png"), browser.getScreenshotAs(OutputType.BYTES));
        assertThat(browser.manage().logs().get(LogType.BROWSER).getAll())
                .extracting(entry -> entry.getMessage())
                .noneMatch(message -> message.contains("Content Security Policy") || message.contains("Uncaught"));
        @SuppressWarnings("unchecked") // a list of texts
        List<String> asked =
                (List<String>) script("return performance.getEntriesByType('resource').map(entry => entry.name)");
        assertThat(asked).isNotEmpty().allMatch(url -> url.startsWith(address));
    }

    private void pay(String fault) {
        browser.findElements(By.cssSelector("#faults input[value=" + fault + "]"))
                .forEach(WebElement::click);
        browser.findElement(By.id("pay-now")).click();
    }

    private int entries() {
        Object entries = browser.executeAsyncScript(
                "const tell = arguments[0]; fetch('demo/ledger').then(a => a.json()).then(l => tell(l.entries))");
        return ((Number) Objects.requireNonNull(entries)).intValue();
    }

    private List<String> answers() {
        return texts("#answers li");
    }

    private List<String> verdicts() {
        return texts("#verdicts li");
    }

    @SuppressWarnings("unchecked") // a list of texts
    private List<String> texts(String selector) {
        return (List<String>)
                script("return Array.from(document.querySelectorAll(arguments[0])).map(e => e.textContent)", selector);
    }

    private Object script(String text, Object... arguments) {
        return Objects.requireNonNull(browser.executeScript(text, arguments));
    }

    private String text(String id) {
        return browser.findElement(By.id(id)).getText();
    }

    private static void awaitThat(Callable<Boolean> condition) {
        await().atMost(PATIENCE).until(condition);
    }
}
