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
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;
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
import org.openqa.selenium.interactions.Actions;
import org.openqa.selenium.logging.LogType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The page in a real browser: each thing that goes wrong is clicked, and the ledger is looked at. Where there is no Chromium with
 * its driver, nothing of this is run, and the log says so.
 */
@Isolated("What the page waits for is counted in seconds: a browser needs the machine to itself")
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
        Optional<File> chromium = OnPath.find("chromium");
        Optional<File> driver = OnPath.find("chromedriver");
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
        int told = judged();
        awaitThat(() -> ((Number) script("return Number(document.body.dataset.lastEvent ?? 0)")).intValue() >= told);
    }

    @ParameterizedTest
    @CsvSource({
        "lost-answer,no answer,1",
        "lost-answer,'202, replayed',1",
        "slow,202,1",
        "double-click,'202, replayed',1",
        "three-retries,'202, replayed',3",
        "other-amount,422,1",
        "no-key,400,1"
    })
    void pay_requestGoesWrong_isAnsweredSoAndBookedOnce(String fault, String answer, int times) {
        // Given
        int before = entries();
        int twice = chargedTwice();
        int judged = judged();
        // When
        pay(fault);
        // Then
        awaitThat(
                () -> answers().stream().filter(text -> text.startsWith(answer)).count() == times);
        awaitThat(() -> entries() == before + 1 && judged() > judged);
        assertThat(chargedTwice()).isEqualTo(twice);
    }

    @Test
    void pay_slow_takesAsLongAsItSays() {
        pay("slow");
        awaitThat(() -> !answers().isEmpty());
        Number took = (Number) script("return performance.getEntriesByType('resource')"
                + ".filter(entry => entry.name.endsWith('/payments')).pop().duration");
        assertThat(took.doubleValue()).isGreaterThan(1_900);
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
        int twice = chargedTwice();
        int counted = counted(verdict);
        // When
        pay(fault);
        // Then
        awaitThat(() -> counted(verdict) > counted && entries() == before + 1);
        awaitThat(() -> verdicts().stream().anyMatch(text -> text.startsWith(verdict)));
        assertThat(chargedTwice()).isEqualTo(twice);
        if (!verdict.equals("duplicate")) {
            assertThat(browser.findElement(By.id("dead")).getText()).contains(verdict);
        }
    }

    @Test
    void mode_observe_showsWhatWouldHaveBeenChargedTwice() {
        try {
            browser.findElement(By.cssSelector("input[value=observe]")).click();
            awaitThat(() -> text("status").equals("The pipeline now runs in observe"));
            int before = chargedTwice();
            pay("redeliver");
            awaitThat(() -> chargedTwice() == before + 1 && text("twice").equals(String.valueOf(before + 1)));
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

    /** Of radio buttons the keyboard reaches one, and the others from there. */
    @Test
    void page_tabbedThrough_reachesEveryControl() {
        Number controls = (Number)
                script(
                        "return document.querySelectorAll("
                                + "'input:not([type=radio]), input[type=radio]:checked, button, summary, a[href], [tabindex=\"0\"]').length");
        Set<String> reached = new HashSet<>();
        for (int i = 0; i < 2 * controls.intValue(); i++) {
            new Actions(browser).sendKeys(Keys.TAB).perform();
            reached.add(String.valueOf(script("const at = document.activeElement;"
                    + " return at === document.body ? '' : at.tagName + at.id + (at.value ?? '') + (at.ariaLabel ?? '')"
                    + " + (at.parentElement.id ?? '')")));
        }
        reached.remove("");
        assertThat(reached).hasSize(controls.intValue());
    }

    /** As when the server was started anew: what it tells counts from the beginning. */
    @Test
    void events_lastSeenIsAheadOfTheServer_tellsEverything() {
        int before = entries();
        pay("none");
        // Also booked, which the next test would count as its own.
        awaitThat(() -> judged() > 0 && entries() == before + 1);
        Object told = browser.executeAsyncScript("const tell = arguments[0];"
                + " fetch('demo/events', { headers: { Accept: 'text/event-stream', 'Last-Event-ID': '999999' } })"
                + ".then(async answer => { const reader = answer.body.getReader(); let text = '';"
                + " while (!text.includes('data: ')) { const part = await reader.read();"
                + " if (part.done) { break; } text += new TextDecoder().decode(part.value); }"
                + " reader.cancel(); tell(text); })");
        assertThat(String.valueOf(told)).contains("event: ").contains("id: ");
    }

    @Test
    void pause_pressed_showsNothingNewUntilPressedAgain() {
        // Given
        int entries = entries();
        browser.findElement(By.id("pause")).click();
        List<String> before = texts("#ledger tr");
        List<String> verdicts = verdicts();
        // When
        pay("none");
        // A request, a record and a verdict.
        awaitThat(() -> text("held").matches("([3-9]|[0-9]{2,}) not shown yet") && entries() == entries + 1);
        // Then
        assertThat(verdicts()).isEqualTo(verdicts);
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
        payAndAwait("other-amount", "conflict");
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
            payAndAwait("replay", "duplicate");
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
        payAndAwait("replay", "duplicate");
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

    private void payAndAwait(String fault, String verdict) {
        int counted = counted(verdict);
        pay(fault);
        awaitThat(() -> counted(verdict) > counted && verdicts().stream().anyMatch(text -> text.startsWith(verdict)));
    }

    private int entries() {
        return asked("demo/ledger", "totals.entries");
    }

    private int chargedTwice() {
        return asked("demo/ledger", "totals.chargedTwice");
    }

    /** How many records were judged so. */
    private int counted(String verdict) {
        return asked(
                "demo/state",
                "counts && Object.entries(answer.counts).filter(([name]) => name.startsWith('" + verdict
                        + "')).reduce((sum, [, count]) => sum + count, 0)");
    }

    /** How many records were judged. */
    private int judged() {
        return asked("demo/state", "lastId");
    }

    private int asked(String path, String value) {
        Object number = browser.executeAsyncScript("const tell = arguments[0]; fetch('" + path
                + "').then(a => a.json()).then(answer => tell(answer." + value + "))");
        return ((Number) Objects.requireNonNull(number)).intValue();
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
