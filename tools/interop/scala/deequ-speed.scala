// Times twelve checks of order lines with Deequ: the Parquet files of DEEQU_TABLE, DEEQU_ROUNDS times; the results go to
// speed.json in DEEQU_FOLDER. Run by spark-shell.
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

def run(): (Double, VerificationResult) = {
  val started = System.nanoTime()
  val result = VerificationSuite().onData(data).addCheck(twelve).run()
  ((System.nanoTime() - started) / 1e9, result)
}
val rounds = (1 to sys.env("DEEQU_ROUNDS").toInt).map(_ => run())
val status = rounds.last._2.status.toString
val metrics = VerificationResult.successMetricsAsDataFrame(spark, rounds.last._2).collect()
  .map(row => (row.getAs[String]("name") + ":" + row.getAs[String]("instance"), row.getAs[Double]("value"))).toList
val out = new PrintWriter(new File(sys.env("DEEQU_FOLDER"), "speed.json"), "UTF-8")
out.println(compact(render(("rows" -> rows) ~ ("seconds" -> rounds.map(_._1).toList) ~ ("status" -> status) ~
  ("metrics" -> metrics.map { case (name, value) => ("name" -> name) ~ ("value" -> value) }))))
out.close()
sys.exit(0)
