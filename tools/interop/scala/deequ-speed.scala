// Times twelve checks of order lines with Deequ: the Parquet files of DEEQU_TABLE, DEEQU_ROUNDS times; the results go to
// speed.json in DEEQU_FOLDER. Each round waits there for begin-N, and its seconds go to ended-N. Run by spark-shell.
import com.amazon.deequ.checks.{Check, CheckLevel}
import com.amazon.deequ.{VerificationResult, VerificationSuite}
import org.json4s._
import org.json4s.jackson.JsonMethods._
import org.json4s.JsonDSL._
import java.io.{File, PrintWriter}

val data = spark.read.parquet(sys.env("DEEQU_TABLE"))
val rows = data.count()
val twelve = Check(CheckLevel.Error, "order lines")
  .hasSize(_ == rows)
  .isComplete("order_number")
  .hasCompleteness("product_code", _ >= 0.9)
  .hasMin("total_amount", _ >= -1000000)
  .hasMax("total_amount", _ <= 1000000)
  .hasMean("total_amount", _ >= -1000)
  .hasSum("quantity", _ >= 0)
  .hasStandardDeviation("total_amount", _ <= 1000000)
  .isNonNegative("quantity")
  .isContainedIn("deal_size", Array("Small", "Medium", "Large"), _ >= 0.5)
  .satisfies("total_amount <> 0", "total_amount", _ >= 0.5)
  .hasMaxLength("company_name", _ <= 200)

val folder = sys.env("DEEQU_FOLDER")
def write(name: String, text: String): Unit = {
  val unfinished = new File(folder, name + ".part")
  val out = new PrintWriter(unfinished, "UTF-8")
  out.println(text)
  out.close()
  unfinished.renameTo(new File(folder, name))
}
// Rounds take turns with those of the other side: each begins when it says so.
def run(round: Int): (Double, VerificationResult) = {
  while (!new File(folder, s"begin-$round").exists()) Thread.sleep(10)
  val started = System.nanoTime()
  val result = VerificationSuite().onData(data).addCheck(twelve).run()
  val seconds = (System.nanoTime() - started) / 1e9
  write(s"ended-$round", seconds.toString)
  (seconds, result)
}
val rounds = (0 until sys.env("DEEQU_ROUNDS").toInt).map(run)
val status = rounds.last._2.status.toString
val metrics = VerificationResult.successMetricsAsDataFrame(spark, rounds.last._2).collect()
  .map(row => (row.getAs[String]("name") + ":" + row.getAs[String]("instance"), row.getAs[Double]("value"))).toList
write("speed.json", compact(render(("rows" -> rows) ~ ("status" -> status) ~
  ("metrics" -> metrics.map { case (name, value) => ("name" -> name) ~ ("value" -> value) }))))
sys.exit(0)
