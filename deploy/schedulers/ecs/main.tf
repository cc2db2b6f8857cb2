# The pipeline every morning and maintenance on Saturdays, as tasks of ECS that EventBridge Scheduler starts.
#   deltaworks-batch access --env prod --root s3://example-lake/prod --landing s3://example-landing --format terraform > policies.tf
#   terraform init && terraform apply -var image=… -var 'subnets=["subnet-…"]'
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "image" {
  type        = string
  description = "URI of the image that deploy/docker/Dockerfile builds"
}

variable "subnets" {
  type = list(string)
}

variable "lake" {
  type    = string
  default = "s3://example-lake/prod"
}

variable "landing" {
  type    = string
  default = "s3://example-landing"
}

locals {
  apps = {
    batch = {
      schedule = "cron(0 5 * * ? *)"
      command  = ["batch", "run", "--env", "prod", "--root", var.lake, "--landing", var.landing, "--json"]
      policy   = aws_iam_policy.deltaworks_retail_batch_prod.arn
    }
    maintenance = {
      schedule = "cron(0 2 ? * SAT *)"
      command  = ["maintenance", "run", "--env", "prod", "--root", var.lake, "--json"]
      policy   = aws_iam_policy.deltaworks_retail_maintenance_prod.arn
    }
  }
}

data "aws_region" "current" {}

data "aws_iam_policy_document" "tasks" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "scheduler" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["scheduler.amazonaws.com"]
    }
  }
}

# What an app may do: the policies that `access` makes of the definitions, and nothing else.
resource "aws_iam_role" "app" {
  for_each           = local.apps
  name               = "deltaworks-${each.key}"
  assume_role_policy = data.aws_iam_policy_document.tasks.json
}

resource "aws_iam_role_policy_attachment" "app" {
  for_each   = local.apps
  role       = aws_iam_role.app[each.key].name
  policy_arn = each.value.policy
}

resource "aws_iam_role" "execution" {
  name               = "deltaworks-execution"
  assume_role_policy = data.aws_iam_policy_document.tasks.json
}

resource "aws_iam_role_policy_attachment" "execution" {
  role       = aws_iam_role.execution.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
}

resource "aws_ecs_cluster" "deltaworks" {
  name = "deltaworks"
}

resource "aws_cloudwatch_log_group" "deltaworks" {
  name              = "/deltaworks"
  retention_in_days = 90
}

resource "aws_ecs_task_definition" "app" {
  for_each                 = local.apps
  family                   = "deltaworks-${each.key}"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 2048
  memory                   = 8192
  task_role_arn            = aws_iam_role.app[each.key].arn
  execution_role_arn       = aws_iam_role.execution.arn

  container_definitions = jsonencode([{
    name      = "deltaworks"
    image     = var.image
    command   = each.value.command
    essential = true
    # SIGTERM ends a run between two commits; then there are so many seconds.
    stopTimeout = 120
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.deltaworks.name
        awslogs-region        = data.aws_region.current.name
        awslogs-stream-prefix = each.key
      }
    }
  }])
}

resource "aws_iam_role" "scheduler" {
  name               = "deltaworks-scheduler"
  assume_role_policy = data.aws_iam_policy_document.scheduler.json
}

resource "aws_iam_role_policy" "scheduler" {
  name = "run-tasks"
  role = aws_iam_role.scheduler.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["ecs:RunTask"]
        Resource = [for task in aws_ecs_task_definition.app : task.arn]
      },
      {
        Effect   = "Allow"
        Action   = ["iam:PassRole"]
        Resource = concat([aws_iam_role.execution.arn], [for role in aws_iam_role.app : role.arn])
      },
    ]
  })
}

resource "aws_scheduler_schedule" "app" {
  for_each            = local.apps
  name                = "deltaworks-${each.key}"
  schedule_expression = each.value.schedule

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_ecs_cluster.deltaworks.arn
    role_arn = aws_iam_role.scheduler.arn

    # A run that is still going on is left alone by the lease: a second start ends at once, with 0.
    retry_policy {
      maximum_retry_attempts = 2
    }

    ecs_parameters {
      task_definition_arn = aws_ecs_task_definition.app[each.key].arn
      launch_type         = "FARGATE"
      network_configuration {
        subnets = var.subnets
      }
    }
  }
}
