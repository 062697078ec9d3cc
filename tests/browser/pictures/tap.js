// Says what became of each test in flat TAP, as the other suites do.

/** @typedef {import("@playwright/test/reporter").TestCase} TestCase */
/** @typedef {import("@playwright/test/reporter").TestResult} TestResult */

export default class Tap {
  #count = 0;

  /**
   * @param {TestCase} test
   * @param {TestResult} result
   */
  onTestEnd(test, { status, duration, errors }) {
    this.#count += 1;
    const good = status === test.expectedStatus;
    console.log(`${good ? "ok" : "not ok"} ${this.#count} - ${test.title} # time=${duration.toFixed(0)}ms`);
    for (const { message = "" } of errors) console.log(message.replace(/^/gm, "    "));
  }

  /** @param {import("@playwright/test/reporter").TestError} error */
  onError({ message = "" }) {
    console.log(`Bail out! ${message}`);
  }

  printsToStdio() {
    return true;
  }
}
